#include "tui/draw.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tui/cells.h"
#include "tui/draw_parts.h"

namespace molecule::tui {
namespace {

constexpr auto notice_for = std::chrono::seconds(8);

struct Tab {
  std::string_view key, name, brief;
};
constexpr std::array<Tab, views> tabs{Tab{"1", "Agents", "Agt"}, Tab{"2", "Events", "Evt"},
                                      Tab{"3", "Delegations", "Del"}, Tab{"4", "Health", "Hea"}};

// Whether events come, and if not how old all of this is.
std::pair<std::string, Ink> freshness(const Model& model) {
  switch (model.link) {
    case client::Link::live: return {"● live", Ink::good};
    case client::Link::connecting: return {"○ connecting", Ink::info};
    case client::Link::refused: return {"✗ refused", Ink::bad};
    case client::Link::away: break;
  }
  return {fmt::format("○ stale {}", span((model.now - model.heard).count() / 1'000'000)),
          Ink::warn};
}

int draw_freshness(const Model& model, Picture& picture) {
  const auto [text, ink] = freshness(model);
  return picture.put_right(0, picture.columns() - 1, text, {.ink = ink, .bold = true});
}

struct Counts {
  std::vector<std::pair<std::string, Ink>> parts;
  int width = 0;
};

// How many stand how.
Counts counts_of(const Model& model) {
  std::map<std::string_view, std::size_t> many;
  std::map<std::string_view, Standing> how;
  for (const auto& [id, agent] : model.agents) {
    const Standing shown = standing(agent);
    ++many[shown.word];
    how[shown.word] = shown;
  }
  static constexpr std::array<std::string_view, 9> order{"online",   "late",   "degraded",
                                                         "offline",  "failed", "starting",
                                                         "awaiting", "paused", "asleep"};
  Counts counts;
  if (!model.questions.empty()) {
    counts.parts.emplace_back(fmt::format("? {}", model.questions.size()), Ink::warn);
    counts.width += width_of(counts.parts.back().first) + 2;
  }
  for (const std::string_view word : order) {
    const auto at = many.find(word);
    if (at == many.end()) continue;
    const Standing& shown = how.at(word);
    counts.parts.emplace_back(fmt::format("{} {}", shown.sign, at->second), shown.ink);
    counts.width += width_of(counts.parts.back().first) + 2;
  }
  return counts;
}

void draw_header(const Model& model, Drawn& drawn) {
  Picture& picture = drawn.picture;
  const Counts counts = counts_of(model);
  const int right = draw_freshness(model, picture);
  int tabs_width = 0;
  for (const Tab& tab : tabs) tabs_width += width_of(tab.name) + 4;
  constexpr std::string_view name = "molecule";
  const int name_width = width_of(name) + 2;
  // What is in the way of the figures gives way: the name, then the long names of the views.
  const int room = right - 2 - counts.width;
  const bool whole = room >= 1 + name_width + tabs_width;
  const bool brief = right - 2 < 1 + tabs_width;
  int column = 1;
  if (whole) column = picture.put(0, column, name, {.ink = Ink::accent, .bold = true}) + 2;
  for (std::size_t i = 0; i < tabs.size(); ++i) {
    const bool here = static_cast<std::size_t>(model.view) == i;
    const std::string text =
        fmt::format(" {} {} ", tabs[i].key, brief ? tabs[i].brief : tabs[i].name);
    const int end = picture.put(
        0, column, text, {.ink = here ? Ink::accent : Ink::plain, .bold = here, .reversed = here},
        std::max(right - 1 - column, 0));
    drawn.shown.tabs.emplace_back(column, end);
    column = end;
  }
  if (column + 1 + counts.width < right) {
    int at = right - 1 - counts.width;
    for (const auto& [text, ink] : counts.parts) at = picture.put(0, at, text, {.ink = ink}) + 2;
  }
  const bool troubled_link = model.link != client::Link::live && !model.trouble.empty();
  const bool fresh = !model.notice.empty() && model.now - model.notice_at < notice_for;
  std::string text;
  Ink ink = Ink::faint;
  if (fresh) {
    text = model.notice;
    ink = model.notice_is_bad ? Ink::bad : Ink::info;
  } else if (troubled_link) {
    text = model.trouble;
    ink = model.link == client::Link::refused ? Ink::bad : Ink::warn;
  }
  picture.fill(1, 0, picture.columns(), "─", {.ink = Ink::faint});
  if (text.empty() && !model.unread_tokens.empty()) {
    text = fmt::format("token of {} waits: c", cut(model.kept.at(model.unread_tokens.front()).name,
                                                   std::max(picture.columns() - 22, 4)));
    ink = Ink::warn;
  }
  if (!text.empty())
    picture.put(1, 1, fmt::format(" {} ", cut(text, picture.columns() - 4)), {.ink = ink});
}

struct Hint {
  std::string_view key, does;
};

// Those that fit, the most useful first; what the keys do here and now.
void draw_hints(Picture& picture, std::initializer_list<Hint> all) {
  const int row = picture.rows() - 1;
  int column = 1;
  for (const Hint& each : all) {
    const int width = width_of(each.key) + width_of(each.does) + 1;
    if (column + width > picture.columns() - 1) break;
    column = picture.put(row, column, each.key, {.ink = Ink::accent, .bold = true}) + 1;
    column = picture.put(row, column, each.does, {.ink = Ink::faint}) + 2;
  }
}

void draw_footer(const Model& model, Picture& picture) {
  const int row = picture.rows() - 1;
  if (model.mode == Mode::filter) {
    const int column = picture.put(row, 1, "/", {.ink = Ink::accent, .bold = true});
    const int room = std::max(picture.columns() - column - 1, 1);
    const Window seen = window(model.filter_line, room);
    picture.put(row, column, seen.text, {}, room);
    picture.cursor = {row, std::min(column + seen.cursor, picture.columns() - 1)};
    return;
  }
  if (model.mode == Mode::chat) {
    const auto chat = model.chats.find(model.chat_with);
    if (chat != model.chats.end() && chat->second.waiting) {
      draw_hints(
          picture,
          {{"Esc", "back, the answer still comes"}, {"Tab", "wait no longer"}, {"↑↓", "scroll"}});
    } else {
      draw_hints(picture, {{"Enter", "send"}, {"Esc", "back"}, {"↑↓", "scroll"}});
    }
    return;
  }
  if (model.mode != Mode::browse) return;
  int end = picture.columns();
  if (!model.filter.empty()) {
    const std::string text = fmt::format("/{}", model.filter);
    end = picture.put_right(row, end - 1, cut(text, std::max(end / 3, 4)),
                            {.ink = Ink::accent, .bold = true});
  }
  Picture hints(1, std::max(end - 1, 1));
  switch (model.view) {
    case View::agents: {
      const auto at = model.selected ? model.agents.find(*model.selected) : model.agents.end();
      const bool paused = at != model.agents.end() && is_paused(at->second);
      draw_hints(hints, {{"Enter", "chat"},
                         {"?", "help"},
                         {"q", "quit"},
                         {"/", "filter"},
                         {"n", "new"},
                         {"e", "edit"},
                         {"p", paused ? "resume" : "pause"},
                         {"d", "delete"},
                         {"t", model.tree ? "flat" : "tree"},
                         {"s", model.order == Order::name ? "by concern" : "by name"},
                         {"i", "detail"}});
      break;
    }
    case View::events:
    case View::delegations:
    case View::health:
      draw_hints(hints, {{"Enter", "show agent"},
                         {"?", "help"},
                         {"q", "quit"},
                         {"/", "filter"},
                         {"Tab", "next view"},
                         {"r", "ask anew"}});
      break;
  }
  for (int column = 0; column < hints.columns(); ++column) {
    const Cell& cell = hints.at(0, column);
    if (!cell.text.empty()) picture.put(row, column, cell.text, cell.style);
  }
}

void draw_view(Model& model, Drawn& drawn, const Box& box) {
  switch (model.view) {
    case View::agents: draw_agents(model, drawn, box); return;
    case View::events: draw_events(model, drawn, box); return;
    case View::delegations: draw_delegations(model, drawn, box); return;
    case View::health: draw_health(model, drawn, box); return;
  }
}

}  // namespace

Drawn draw(Model& model, int rows, int columns) {
  Drawn drawn{Picture(std::max(rows, 1), std::max(columns, 1)), {}};
  Picture& picture = drawn.picture;
  if (rows < rows_min || columns < columns_min) {
    picture.put(0, 0, "too small");
    return drawn;
  }
  draw_header(model, drawn);
  const Box box{2, 0, rows - 3, columns};
  if (model.mode == Mode::chat) {
    draw_chat(model, drawn, box);
  } else {
    draw_view(model, drawn, box);
  }
  switch (model.mode) {
    case Mode::form: draw_form(model, picture, box); break;
    case Mode::question: draw_question(model, picture, box); break;
    case Mode::invitation: draw_invitation(model, picture, box); break;
    case Mode::help: draw_help(picture, box); break;
    case Mode::browse:
    case Mode::filter:
    case Mode::chat: break;
  }
  draw_footer(model, picture);
  return drawn;
}

}  // namespace molecule::tui
