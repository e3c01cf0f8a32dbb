#include <algorithm>

#include <fmt/format.h>

#include "tui/cells.h"
#include "tui/draw_parts.h"

namespace molecule::tui {
namespace {

Ink ink_of(std::string_view type) {
  if (type.ends_with("_FAILED") || type == "WORKSPACE_OFFLINE") return Ink::bad;
  if (type == "WORKSPACE_DEGRADED" || type == "WORKSPACE_LATE" || type.ends_with("_REFUSED"))
    return Ink::warn;
  if (type == "WORKSPACE_ONLINE" || type == "DELEGATION_COMPLETE") return Ink::good;
  if (type.starts_with("DELEGATION_")) return Ink::info;
  return Ink::plain;
}

Standing standing_of(const Handover& handover) {
  if (handover.status == "completed") return {"●", "completed", Ink::good};
  if (handover.status == "failed") return {"✗", "failed", Ink::bad};
  if (handover.status == "canceled") return {"■", "canceled", Ink::faint};
  if (handover.status == "queued") return {"◌", "queued", Ink::warn};
  return {"◐", handover.status, Ink::info};
}

bool is_over(const Handover& handover) {
  return handover.status == "completed" || handover.status == "failed" ||
         handover.status == "canceled";
}

// Lays out a list and says which of its rows are seen; the caller draws them.
template <class Each, class DrawRow>
void draw_list(Drawn& drawn, const Box& box, Place& place, const std::vector<const Each*>& all,
               std::string_view none, const DrawRow& draw_row) {
  Picture& picture = drawn.picture;
  if (all.empty()) {
    const int width = std::min(width_of(none), box.columns);
    picture.put(box.row + box.rows / 2, box.column + (box.columns - width) / 2, none,
                {.ink = Ink::faint}, width);
    place = Place();
    return;
  }
  const int shown = box.rows - 1;
  place.selected = std::min(place.selected, all.size() - 1);
  place.top = scrolled(place.top, place.selected, all.size(), shown);
  drawn.shown.list_top = box.row + 1;
  drawn.shown.list_rows = shown;
  for (int i = 0; i < shown; ++i) {
    const std::size_t at = place.top + static_cast<std::size_t>(i);
    if (at >= all.size()) break;
    draw_row(box.row + 1 + i, *all[at]);
    if (at == place.selected) picture.select(box.row + 1 + i, box.column, box.columns);
  }
  const std::string where = position(place.top, all.size(), shown);
  if (!where.empty()) picture.put_right(box.row, box.end() - 1, " " + where, {.ink = Ink::faint});
}

// What is selected, whole, below its list.
Box with_detail(const Model& model, Picture& picture, Box& list, std::string_view title) {
  if (!model.detail || list.rows < 12) return {};
  const int height = std::clamp(list.rows / 3, 3, 8);
  list.rows -= height + 1;
  rule(picture, list, list.below(), title);
  return {list.below() + 1, list.column + 1, height, list.columns - 2};
}

void paragraph(Picture& picture, const Box& box, int& row, std::string_view text, Style style) {
  if (text.empty() || row >= box.below()) return;
  const auto most = static_cast<std::size_t>(box.below() - row);
  for (const std::string& line : wrapped(text, box.columns, most))
    picture.put(row++, box.column, line, style, box.columns);
}

}  // namespace

void draw_events(Model& model, Drawn& drawn, const Box& box) {
  Picture& picture = drawn.picture;
  const auto all = events_of(model);
  Box list = box;
  const Box detail = with_detail(model, picture, list, "event");
  const int type = list.column + 10;
  const bool wide = list.columns >= 70;
  const int who = type + (wide ? 27 : 20);
  const int about = who + (wide ? 17 : 14);
  heads(picture, list.row,
        {{list.column + 1, "TIME"}, {type, "EVENT"}, {who, "WORKSPACE"}, {about, "WHAT"}},
        list.end());
  draw_list(drawn, list, model.events_at, all,
            model.filter.empty() ? "nothing has happened yet" : "nothing matches; Esc shows all",
            [&](int row, const Happening& each) {
              picture.put(row, list.column + 1, clock_text(each.at), {.ink = Ink::faint}, 8);
              picture.put(row, type, each.type, {.ink = ink_of(each.type)}, who - type - 1);
              picture.put(row, who, model.name_of(each.workspace), {}, about - who - 1);
              picture.put(row, about, each.about, {.ink = Ink::faint}, list.end() - about);
            });
  if (detail.rows == 0 || all.empty()) return;
  const Happening& each = *all[model.events_at.selected];
  int row = detail.row;
  picture.put(row++, detail.column,
              fmt::format("{}  {}  number {}  {}", each.type, each.at.text(), each.seq,
                          model.name_of(each.workspace)),
              {.ink = Ink::faint}, detail.columns);
  paragraph(picture, detail, row, each.about, {});
}

void draw_delegations(Model& model, Drawn& drawn, const Box& box) {
  Picture& picture = drawn.picture;
  const auto all = handovers_of(model);
  Box list = box;
  const Box detail = with_detail(model, picture, list, "delegation");
  const bool wide = list.columns >= 76;
  const int status = list.column + 10;
  const int names = wide ? std::clamp(list.columns / 6, 14, 24) : 11;
  const int from = status + 13;
  const int to = from + names;
  const int took = to + names;
  const int task = took + 8;
  heads(picture, list.row,
        {{list.column + 1, "TIME"},
         {status, "STATUS"},
         {from, "FROM"},
         {to, "TO"},
         {took, "TOOK"},
         {task, "TASK"}},
        list.end());
  draw_list(
      drawn, list, model.handovers_at, all,
      model.filter.empty() ? "no work was handed over lately" : "nothing matches; Esc shows all",
      [&](int row, const Handover& each) {
        const Standing shown = standing_of(each);
        const Instant end = is_over(each) ? each.changed : model.now;
        picture.put(row, list.column + 1, clock_text(each.began), {.ink = Ink::faint}, 8);
        picture.put(row, status, fmt::format("{} {}", shown.sign, shown.word), {.ink = shown.ink},
                    from - status - 1);
        picture.put(row, from, model.name_of(each.source), {}, to - from - 1);
        picture.put(row, to, model.name_of(each.target), {}, took - to - 1);
        picture.put(row, took, span((end - each.began).count() / 1'000'000), {.ink = Ink::faint},
                    task - took - 1);
        picture.put(row, task, each.task, {.ink = Ink::faint}, list.end() - task);
      });
  if (detail.rows == 0 || all.empty()) return;
  const Handover& each = *all[model.handovers_at.selected];
  int row = detail.row;
  paragraph(picture, detail, row, each.task, {});
  const bool bad = each.status == "failed";
  paragraph(picture, detail, row, each.outcome, {.ink = bad ? Ink::bad : Ink::good});
}

}  // namespace molecule::tui
