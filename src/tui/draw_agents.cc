#include <algorithm>

#include <fmt/format.h>

#include "tui/cells.h"
#include "tui/draw_parts.h"

namespace molecule::tui {
namespace {

constexpr int detail_rows = 9;    // Below the list, on a small screen.
constexpr int beside_from = 110;  // Columns from which the detail stands beside the list.
constexpr int label_width = 9;
constexpr int list_rows_least = 4;
constexpr int log_rows_max = 14;  // Below the list, beside the detail.

std::string load(const Agent& agent) { return fmt::format("{}/{}", agent.tasks, agent.tasks_max); }

std::string errors(const Agent& agent) {
  const int percent = static_cast<int>(std::clamp(agent.error_rate, 0.0, 1.0) * 100 + 0.5);
  return percent == 0 ? "·" : fmt::format("{}%", percent);
}

bool runs(const Agent& agent) { return agent.status == "online" || agent.status == "degraded"; }

// What it is doing, or what it is for: the reason to look at this row.
std::pair<std::string_view, Ink> business(const Agent& agent) {
  if (runs(agent) && !agent.task.empty()) return {agent.task, Ink::plain};
  if (agent.status != "online" && !agent.error.empty()) return {agent.error, Ink::warn};
  return {agent.role, Ink::faint};
}

// Places of the columns, as far as there is room for them.
struct Columns {
  int name = 0, status = 0, tasks = -1, errors = -1, uptime = -1, doing = -1;
};
Columns columns_for(const Box& box, int widest) {
  const int left = box.column + 1;
  const int room = box.columns - 1;
  Columns at;
  at.name = left;
  const bool wide = room >= 62;
  const bool middle = room >= 44;
  const int fixed = 12 + (middle ? 7 : 0) + (wide ? 5 + 9 : 0);
  const int least = wide ? 20 : 12;
  const int name = std::clamp(widest + 3, least, std::max(least, (room - fixed) / 2));
  at.status = std::min(left + name, left + std::max(room - fixed, 8));
  int next = at.status + 12;
  if (middle) {
    at.tasks = next;
    next += 7;
  }
  if (wide) {
    at.errors = next;
    at.uptime = next + 5;
    next += 14;
  }
  if (next + 8 <= box.end()) at.doing = next;
  return at;
}

void draw_row(Picture& picture, const Model& model, const Row& row, const Columns& at, int line,
              int end) {
  const Agent& agent = *row.agent;
  const Standing shown = standing(agent);
  const int name_end = at.status - 1;
  int column = picture.put(line, at.name, row.branch, {.ink = Ink::faint}, name_end - at.name);
  if (row.folded) column = picture.put(line, column, "▸ ", {.ink = Ink::accent});
  column = picture.put(line, column, agent.name.empty() ? "(no name)" : agent.name,
                       {.bold = runs(agent) && agent.tasks > 0}, std::max(name_end - column, 0));
  const auto chat = model.chats.find(agent.id);
  if (chat != model.chats.end() && (chat->second.unread > 0 || chat->second.waiting)) {
    const std::string_view sign = chat->second.unread > 0 ? " ✉" : " …";
    if (column + 2 <= name_end) column = picture.put(line, column, sign, {.ink = Ink::accent});
  }
  if (model.questions.contains(agent.id) && column + 2 <= name_end)
    picture.put(line, column, " ?", {.ink = Ink::warn, .bold = true});
  picture.put(line, at.status, fmt::format("{} {}", shown.sign, shown.word), {.ink = shown.ink},
              std::min(11, end - at.status));
  const bool busy = runs(agent) && agent.tasks > 0;
  if (at.tasks >= 0)
    picture.put(line, at.tasks, busy ? load(agent) : "·", {.ink = busy ? Ink::plain : Ink::faint},
                6);
  if (at.errors >= 0) {
    const bool bad = agent.error_rate >= 0.005;
    picture.put(line, at.errors, errors(agent), {.ink = bad ? Ink::warn : Ink::faint}, 4);
    picture.put(line, at.uptime, runs(agent) && agent.uptime > 0 ? span(agent.uptime) : "·",
                {.ink = Ink::faint}, 8);
  }
  if (at.doing >= 0) {
    const auto [text, ink] = business(agent);
    picture.put(line, at.doing, text, {.ink = ink}, end - at.doing);
  }
}

// Nothing is there to list: why, and what to do.
void draw_nothing(const Model& model, Picture& picture, const Box& box) {
  const int row = box.row + std::max(box.rows / 2 - 1, 0);
  const auto middle = [&](int line, std::string_view text, Style style) {
    const int width = std::min(width_of(text), box.columns);
    picture.put(line, box.column + (box.columns - width) / 2, text, style, width);
  };
  if (!model.filter.empty()) {
    middle(row, "nothing matches " + model.filter, {});
    middle(row + 1, "Esc shows all", {.ink = Ink::faint});
  } else if (model.link == client::Link::live) {
    middle(row, "no workspaces yet", {});
    middle(row + 1, "n makes the first one", {.ink = Ink::faint});
  } else {
    middle(row, "waiting for the platform at " + model.service.url, {});
    middle(row + 1, model.trouble, {.ink = Ink::warn});
  }
}

class Detail {
 public:
  Detail(Picture& picture, const Box& box) : picture_(picture), box_(box), row_(box.row) {}

  void line(std::string_view label, std::string_view text, Style style = {}) {
    if (row_ >= box_.below() || text.empty()) return;
    picture_.put(row_, box_.column, label, {.ink = Ink::faint}, label_width - 1);
    const int begin = box_.column + std::min(label_width, box_.columns / 3);
    picture_.put(row_, begin, text, style, box_.end() - begin);
    ++row_;
  }
  // In as many lines as it needs, up to so many.
  void text(std::string_view label, std::string_view words, std::size_t most, Style style = {}) {
    if (words.empty()) return;
    const int begin = std::min(label_width, box_.columns / 3);
    bool first = true;
    for (const auto& each : wrapped(words, box_.columns - begin, most)) {
      line(first ? label : "", each.empty() ? " " : std::string_view(each), style);
      first = false;
    }
  }
  int row() const { return row_; }

 private:
  Picture& picture_;
  Box box_;
  int row_;
};

std::string reach(const Agent& agent) {
  if (!agent.url.empty()) return "pushed to " + agent.url;
  return agent.delivery == "poll" ? "it fetches its messages" : "it has no address yet";
}

// The newest events, of one or of all.
void draw_lately(const Model& model, Picture& picture, const Box& box,
                 const std::optional<WorkspaceId>& of) {
  rule(picture, box, box.row, "lately");
  const int left = of ? box.column : box.column + 1;
  int row = box.row + 1;
  for (const Happening& each : model.events) {
    if (row >= box.below()) break;
    if (of && each.workspace != *of) continue;
    int column = picture.put(row, left, clock_text(each.at), {.ink = Ink::faint}, 8) + 1;
    if (!of) {
      picture.put(row, column, model.name_of(each.workspace), {}, 15);
      column += 16;
    }
    column = picture.put(row, column, each.type, {}, box.end() - column) + 1;
    if (column + 1 < box.end())
      picture.put(row, column, each.about, {.ink = Ink::faint}, box.end() - column);
    ++row;
  }
}

void draw_detail(const Model& model, Picture& picture, const Box& box, const Agent& agent) {
  const Standing shown = standing(agent);
  const bool tall = box.rows > detail_rows;
  Detail detail(picture, box);
  std::string state = fmt::format("{} {}", shown.sign, shown.word);
  if (agent.heard && agent.status != "awaiting_agent")
    state += fmt::format(", heard {} ago", span((model.now - *agent.heard).count() / 1'000'000));
  detail.line("status", state, {.ink = shown.ink});
  if (const auto asked = model.questions.find(agent.id); asked != model.questions.end())
    detail.text("asks", "? Enter answers: " + asked->second, tall ? 4 : 1, {.ink = Ink::warn});
  if (runs(agent)) detail.text("doing", agent.task, tall ? 4 : 1);
  if (!agent.error.empty() && agent.status != "online")
    detail.text("trouble", agent.error, tall ? 4 : 1, {.ink = Ink::warn});
  detail.text("role", agent.role, tall ? 4 : 2);
  const std::string parent = agent.parent ? model.name_of(*agent.parent) : std::string();
  detail.line("below", parent);
  std::string is =
      fmt::format("{}, tier {}", agent.runtime.empty() ? "agent" : agent.runtime, agent.tier);
  if (runs(agent)) is += fmt::format(", {} of {} tasks", agent.tasks, agent.tasks_max);
  if (runs(agent) && agent.uptime > 0) is += fmt::format(", up {}", span(agent.uptime));
  detail.line("is", is);
  detail.line("link", reach(agent), {.ink = Ink::faint});
  std::string skills;
  for (const Skill& skill : agent.skills) skills += (skills.empty() ? "" : ", ") + skill.name;
  detail.text("skills", skills, tall ? 3 : 1);
  detail.text("says", agent.card_description, tall ? 4 : 1, {.ink = Ink::faint});
  detail.line("id", agent.id.text(), {.ink = Ink::faint});
  // What happened to it lately, where there is room.
  const int row = detail.row() + 1;
  if (row + 2 > box.below()) return;
  draw_lately(model, picture, {row, box.column, box.below() - row, box.columns}, agent.id);
}

}  // namespace

void draw_agents(Model& model, Drawn& drawn, const Box& box) {
  Picture& picture = drawn.picture;
  const auto& rows = rows_of(model);
  const std::size_t selected = settle_selection(model, rows);
  if (rows.empty()) {
    draw_nothing(model, picture, box);
    return;
  }
  const bool beside = model.detail && box.columns >= beside_from;
  Box list = box;
  Box detail;
  if (beside) {
    list.columns = box.columns * 3 / 5;
    detail = {box.row, list.end() + 2, box.rows, box.columns - list.columns - 2};
    // Where the list leaves room, what happens is seen beside who is there.
    const int free = box.rows - 1 - static_cast<int>(rows.size());
    if (free >= 5) {
      const int log = std::min(free - 1, log_rows_max);
      list.rows -= log;
      draw_lately(model, picture, {list.below(), list.column, log, list.columns}, std::nullopt);
    }
  } else if (model.detail && box.rows >= list_rows_least + 6) {
    const int most = std::min(std::max(detail_rows, box.rows / 2), box.rows - list_rows_least - 3);
    const int wanted = box.rows - 2 - static_cast<int>(rows.size());
    const int height = std::clamp(wanted, std::min(most, 6), std::max(most, 6));
    list.rows = box.rows - height - 1;
    detail = {list.below() + 1, box.column + 1, height, box.columns - 2};
  }
  int widest = 4;
  for (const Row& row : rows)
    widest = std::max(widest, width_of(row.branch) + std::min(width_of(row.agent->name), 40));
  const Columns at = columns_for(list, widest);
  heads(picture, list.row, {{at.name, "NAME"}, {at.status, "STATUS"}},
        at.tasks >= 0 ? at.tasks : list.end());
  if (at.tasks >= 0) picture.put(list.row, at.tasks, "TASKS", {.ink = Ink::faint});
  if (at.errors >= 0) {
    picture.put(list.row, at.errors, "ERR", {.ink = Ink::faint});
    picture.put(list.row, at.uptime, "UPTIME", {.ink = Ink::faint});
  }
  if (at.doing >= 0) picture.put(list.row, at.doing, "DOING", {.ink = Ink::faint});
  const int shown = list.rows - 1;
  model.agents_top = scrolled(model.agents_top, selected, rows.size(), shown);
  drawn.shown.list_top = list.row + 1;
  drawn.shown.list_rows = shown;
  for (int i = 0; i < shown; ++i) {
    const std::size_t place = model.agents_top + static_cast<std::size_t>(i);
    if (place >= rows.size()) break;
    const int line = list.row + 1 + i;
    draw_row(picture, model, rows[place], at, line, list.end());
    if (place == selected) picture.select(line, list.column, list.columns);
  }
  const std::string where = position(model.agents_top, rows.size(), shown);
  if (!where.empty() && list.columns > 40)
    picture.put_right(list.row, list.end() - 1, where, {.ink = Ink::faint});
  if (detail.rows == 0) return;
  const Agent& agent = *rows[selected].agent;
  if (beside) {
    for (int row = box.row; row < box.below(); ++row)
      picture.put(row, list.end(), "│", {.ink = Ink::faint});
    rule(picture, {detail.row, detail.column - 1, 1, detail.columns + 1}, detail.row, agent.name);
    ++detail.row;
    --detail.rows;
  } else {
    rule(picture, box, list.below(), agent.name);
  }
  draw_detail(model, picture, detail, agent);
}

}  // namespace molecule::tui
