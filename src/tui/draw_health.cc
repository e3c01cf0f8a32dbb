#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "tui/cells.h"
#include "tui/draw_parts.h"

namespace molecule::tui {
namespace {

constexpr int bar_max = 60;

// How many stand how, in the order in which they are drawn.
struct Count {
  std::string_view sign, word;
  Ink ink = Ink::plain;
  std::size_t many = 0;
};
std::vector<Count> counts(const Model& model) {
  std::vector<Count> all;
  for (const auto& [id, agent] : model.agents) {
    const Standing shown = standing(agent);
    auto at = std::ranges::find(all, shown.word, &Count::word);
    if (at == all.end()) at = all.insert(all.end(), {shown.sign, shown.word, shown.ink, 0});
    ++at->many;
  }
  std::ranges::sort(all, [](const Count& a, const Count& b) {
    if (a.many != b.many) return a.many > b.many;
    return a.word < b.word;
  });
  return all;
}

void draw_bar(Picture& picture, int row, int column, int width, const std::vector<Count>& all,
              std::size_t total) {
  int at = column;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Count& each = all[i];
    // Whoever is there is seen, however few they are.
    const auto share = static_cast<int>(each.many * static_cast<std::size_t>(width) / total);
    int cells = std::max(1, share);
    if (i + 1 == all.size()) cells = column + width - at;
    cells = std::clamp(cells, 0, column + width - at);
    picture.fill(row, at, cells,
                 each.ink == Ink::good  ? "█"
                 : each.ink == Ink::bad ? "░"
                                        : "▒",
                 {.ink = each.ink});
    at += cells;
  }
}

}  // namespace

void draw_health(Model& model, Drawn& drawn, const Box& box) {
  Picture& picture = drawn.picture;
  const int left = box.column + 1;
  const int second = left + 12;
  int row = box.row;
  const auto line = [&](std::string_view label, std::string_view text, Style style = {}) {
    if (row >= box.below()) return;
    picture.put(row, left, label, {.ink = Ink::faint}, 11);
    picture.put(row++, second, text, style, box.end() - second);
  };
  const auto all = counts(model);
  const std::size_t total = model.agents.size();
  if (total > 0) {
    draw_bar(picture, row++, left, std::min(bar_max, box.columns - 2), all, total);
    int at = left;
    for (const Count& each : all) {
      const std::string text = fmt::format("{} {} {}", each.sign, each.many, each.word);
      if (at > left && at + width_of(text) > box.end()) {
        at = left;
        ++row;
      }
      at = picture.put(row, at, text, {.ink = each.ink}) + 3;
    }
    row += 2;
  }
  std::int64_t tasks = 0;
  for (const auto& [id, agent] : model.agents) tasks += agent.tasks;
  const auto open = std::ranges::count_if(model.handovers, [](const Handover& each) {
    return each.status != "completed" && each.status != "failed" && each.status != "canceled";
  });
  line("platform", model.service.url);
  if (!model.service.version.empty())
    line("version", model.service.version + ", store " + model.service.database,
         {.ink = model.service.database == "ok" ? Ink::plain : Ink::bad});
  const std::int64_t age = (model.now - model.heard).count() / 1'000'000;
  if (model.link == client::Link::live) {
    line("feed", "● live", {.ink = Ink::good});
  } else if (model.heard == Instant()) {
    line("feed", "○ never reached: " + model.trouble, {.ink = Ink::bad});
  } else {
    line("feed", fmt::format("○ stale for {}: {}", span(age), model.trouble), {.ink = Ink::warn});
  }
  line("work", fmt::format("{} tasks under way, {} delegations open", tasks, open));
  ++row;
  if (row + 2 > box.below()) return;
  const auto bad = troubled(model);
  rule(picture, box, row,
       bad.empty() ? "nothing wants attention" : fmt::format("{} want attention", bad.size()));
  ++row;
  const int shown = box.below() - row;
  model.health_at.selected = bad.empty() ? 0 : std::min(model.health_at.selected, bad.size() - 1);
  model.health_at.top = scrolled(model.health_at.top, model.health_at.selected, bad.size(), shown);
  drawn.shown.list_top = row;
  drawn.shown.list_rows = shown;
  for (int i = 0; i < shown; ++i) {
    const std::size_t at = model.health_at.top + static_cast<std::size_t>(i);
    if (at >= bad.size()) break;
    const Agent& agent = *bad[at];
    const Standing how = standing(agent);
    const int name = left + 13;
    const int why = name + std::clamp(box.columns / 3, 12, 26);
    const auto asked = model.questions.find(agent.id);
    const bool asks = asked != model.questions.end() && concern(agent) > 0;
    const std::string state =
        asks ? std::string("? asks") : fmt::format("{} {}", how.sign, how.word);
    picture.put(row + i, left, state, {.ink = asks ? Ink::warn : how.ink}, 12);
    picture.put(row + i, name, agent.name, {}, why - name - 1);
    std::string reason = agent.error;
    if (reason.empty() && agent.heard)
      reason = fmt::format("heard {} ago", span((model.now - *agent.heard).count() / 1'000'000));
    if (asks) reason = asked->second;
    if (agent.error_rate >= 0.005 && !asks)
      reason = fmt::format("{:.0f}% errors{}{}", agent.error_rate * 100, reason.empty() ? "" : ": ",
                           reason);
    picture.put(row + i, why, reason, {.ink = Ink::faint}, box.end() - why);
    if (at == model.health_at.selected) picture.select(row + i, box.column, box.columns);
  }
}

}  // namespace molecule::tui
