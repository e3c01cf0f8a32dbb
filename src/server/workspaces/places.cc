#include "server/workspaces/places.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <utility>

#include "platform/json/json.h"
#include "server/workspaces/workspaces_store.h"
#include "wire/events/payloads.h"

namespace molecule::workspaces {

namespace {

// The measures of the canvas: web/src/canvas/layout.ts has the same.
constexpr Extent leaf{280, 212};
constexpr double gap = 16;
constexpr double side = 16;
constexpr double header = 186;
constexpr int team_columns = 2;
constexpr double team_wideness = 1.2;
constexpr int canvas_columns = 4;
constexpr double canvas_wideness = 1.6;
constexpr double canvas_gap = 48;
constexpr double canvas_origin = 40;
constexpr std::int64_t rows_tried = 500;

constexpr std::int64_t page_rows = 1024;
// Longer than any transaction: what was promised before and is not on the log will not come.
constexpr std::chrono::minutes promise_kept{1};

constexpr std::array<facts::Kind, 4> kinds{
    facts::Internal::WORKSPACES_PURGED, events::Type::WORKSPACE_PROVISIONING,
    events::Type::WORKSPACE_UPDATED, events::Type::WORKSPACE_REMOVED};

double area_of(Extent size, bool on_canvas) {
  const double around = on_canvas ? canvas_gap : gap;
  return (size.w + around) * (size.h + around);
}

int columns_for(double area, bool on_canvas) {
  const double around = on_canvas ? canvas_gap : gap;
  const double wide = on_canvas ? canvas_wideness : team_wideness;
  const int fitting = static_cast<int>(std::floor(std::sqrt(area * wide) / (leaf.w + around)));
  return std::max(on_canvas ? canvas_columns : team_columns, fitting);
}

}  // namespace

bool Floor::placed(WorkspaceId id) const {
  auto card = cards_.find(id);
  return card != cards_.end() && !(card->second.at == Spot{});
}

// In a team that stands nowhere, or is in one that does not, no card has a place.
bool Floor::stands(WorkspaceId team) const {
  while (!team.nil()) {
    auto card = cards_.find(team);
    if (card == cards_.end() || card->second.at == Spot{}) return false;
    team = card->second.parent;
  }
  return true;
}

void Floor::enter(Team& team, const Area& area, bool on_canvas) {
  team.taken.add(area);
  team.area += area_of({area.w, area.h}, on_canvas);
  team.extent.w = std::max(team.extent.w, area.x + area.w + side);
  team.extent.h = std::max(team.extent.h, area.y + area.h + side);
}

Floor::Team& Floor::team(WorkspaceId id) {
  if (auto known = teams_.find(id); known != teams_.end()) return known->second;
  Team made = drawn(id, 0);
  return teams_.insert_or_assign(id, std::move(made)).first->second;
}

Floor::Team Floor::drawn(WorkspaceId id, double more) {
  const bool on_canvas = id.nil();
  const bool stood = stands(id);
  const Spot origin = on_canvas ? Spot{} : cards_.at(id).at;
  const Spot least = on_canvas ? Spot{-1e9, -1e9} : Spot{side, header};
  std::vector<Area> wishes;
  std::vector<Extent> waiting;
  Team made{Taken(gap), {leaf.w + 2 * side, header + leaf.h + side}};
  // A copy: the size of a card may make its own team known.
  const std::vector<WorkspaceId> cards = inside_[id];
  double area = more;
  for (WorkspaceId each : cards) {
    const Extent size = extent_of(each);
    area += area_of(size, on_canvas);
    const Spot at = cards_.at(each).at;
    const Spot from{at.x - origin.x, at.y - origin.y};
    const bool astray = !on_canvas && (from.x + size.w <= 0 || from.y + size.h <= 0);
    if (stood && placed(each) && !astray) {
      wishes.push_back({std::max(least.x, from.x), std::max(least.y, from.y), size.w, size.h});
    } else {
      waiting.push_back(size);
    }
  }
  const std::vector<Spot> spots = make_room(wishes, gap);
  for (std::size_t each = 0; each < wishes.size(); ++each) {
    enter(made, {spots[each].x, spots[each].y, wishes[each].w, wishes[each].h}, on_canvas);
  }
  made.columns = columns_for(area, on_canvas);
  made.waited = !waiting.empty();
  for (const Extent& size : waiting) {
    const Spot slot = free_slot(made, on_canvas, size);
    enter(made, {slot.x, slot.y, size.w, size.h}, on_canvas);
  }
  return made;
}

Extent Floor::extent_of(WorkspaceId id) {
  auto below = inside_.find(id);
  if (cards_.at(id).folded || below == inside_.end() || below->second.empty()) return leaf;
  return team(id).extent;
}

Spot Floor::free_slot(Team& team, bool on_canvas, Extent size) {
  const double around = on_canvas ? canvas_gap : gap;
  const Spot origin = on_canvas ? Spot{canvas_origin, canvas_origin} : Spot{side, header};
  for (std::int64_t slot = team.next_slot; slot < rows_tried * team.columns; ++slot) {
    const Spot spot{origin.x + static_cast<double>(slot % team.columns) * (leaf.w + around),
                    origin.y + static_cast<double>(slot / team.columns) * (leaf.h + around)};
    if (team.taken.near({spot.x, spot.y, size.w, size.h}) != nullptr) continue;
    if (size == leaf) team.next_slot = slot;
    return spot;
  }
  return {origin.x, std::max(origin.y, team.taken.bottom() + around)};
}

Spot Floor::free_place(const std::optional<WorkspaceId>& parent) {
  const WorkspaceId id = parent.value_or(WorkspaceId());
  if (!id.nil() && !cards_.contains(id)) return {};
  if (!stands(id)) return {};
  const bool on_canvas = id.nil();
  Team* there = &team(id);
  std::optional<Team> anew;
  // Cards without a place stand in slots of the same grid, which the new one may make wider.
  if (there->waited) there = &anew.emplace(drawn(id, area_of(leaf, on_canvas)));
  const int columns = columns_for(there->area + area_of(leaf, on_canvas), on_canvas);
  if (columns != there->columns) {
    there->columns = columns;
    there->next_slot = 0;  // Another grid has other slots.
  }
  const Spot slot = free_slot(*there, on_canvas, leaf);
  if (id.nil()) return slot;
  const Spot origin = cards_.at(id).at;
  return {origin.x + slot.x, origin.y + slot.y};
}

// A team that changed may have another size, and with it those around it other places.
void Floor::forget(WorkspaceId team) {
  for (int depth = 0; depth < 64; ++depth) {
    teams_.erase(team);
    if (team.nil()) return;
    auto card = cards_.find(team);
    team = card == cards_.end() ? WorkspaceId() : card->second.parent;
  }
}

void Floor::leave_parent(WorkspaceId id, WorkspaceId parent) {
  std::erase(inside_[parent], id);
  forget(parent);
}

void Floor::put(WorkspaceId id, const std::optional<WorkspaceId>& parent, Spot at, bool folded) {
  const WorkspaceId home = parent && cards_.contains(*parent) ? *parent : WorkspaceId();
  auto known = cards_.find(id);
  if (known != cards_.end()) {
    Card& card = known->second;
    if (card.parent == home && card.at == at && card.folded == folded) return;
    const bool moved_in_or_out = (card.at == Spot{}) != (at == Spot{});
    if (card.parent != home) {
      leave_parent(id, card.parent);
      auto& list = inside_[home];
      auto next = std::find_if(list.begin(), list.end(), [&](WorkspaceId other) {
        return cards_.at(other).made > card.made;
      });
      list.insert(next, id);
    }
    card.parent = home;
    card.at = at;
    card.folded = folded;
    if (moved_in_or_out) teams_.clear();
    forget(id);
    return;
  }
  cards_.emplace(id, Card{home, at, folded, made_++});
  inside_[home].push_back(id);
  auto there = teams_.find(home);
  if (there == teams_.end() || at == Spot{} || !stands(home)) return forget(home);
  const Spot origin = home.nil() ? Spot{} : cards_.at(home).at;
  const Area area{at.x - origin.x, at.y - origin.y, leaf.w, leaf.h};
  const bool inside = home.nil() || (area.x >= side && area.y >= header);
  if (!inside || there->second.waited || there->second.taken.near(area) != nullptr)
    return forget(home);
  // Where there is room nobody gives way.
  const Extent before = there->second.extent;
  enter(there->second, area, home.nil());
  const bool was_leaf = inside_[home].size() == 1;
  if (!home.nil() && (was_leaf || !(there->second.extent == before)))
    forget(cards_.at(home).parent);
}

void Floor::change(WorkspaceId id, const std::optional<std::optional<WorkspaceId>>& parent,
                   std::optional<Spot> at, std::optional<bool> folded) {
  auto known = cards_.find(id);
  if (known == cards_.end()) return;
  const Card& card = known->second;
  const std::optional<WorkspaceId> now =
      card.parent.nil() ? std::optional<WorkspaceId>() : card.parent;
  put(id, parent.value_or(now), at.value_or(card.at), folded.value_or(card.folded));
}

void Floor::erase(WorkspaceId id) {
  auto known = cards_.find(id);
  if (known == cards_.end()) return;
  for (WorkspaceId each : std::vector<WorkspaceId>(inside_[id])) {
    const Card card = cards_.at(each);
    put(each, std::nullopt, card.at, card.folded);
  }
  leave_parent(id, known->second.parent);
  inside_.erase(id);
  teams_.erase(id);
  cards_.erase(id);
}

Spot Places::take(WorkspaceId id, const std::optional<WorkspaceId>& parent, Instant now) {
  return known_.write([&](Known& known) {
    std::erase_if(known.promised, [&](const Promise& each) {
      if (now - each.at < promise_kept) return false;
      known.floor.erase(each.id);
      return true;
    });
    const Spot spot = known.floor.free_place(parent);
    known.floor.put(id, parent, spot, false);
    known.promised.push_back({id, now});
    return spot;
  });
}

Spot Places::free_place(const std::optional<WorkspaceId>& parent) {
  return known_.write([&](Known& known) { return known.floor.free_place(parent); });
}

std::span<const facts::Kind> Places::applies() const { return kinds; }

Places::Place Places::load(sql::Statements& statements) {
  Floor floor;
  Instant made;
  WorkspaceId last;
  std::vector<std::pair<WorkspaceId, WorkspaceId>> below;
  for (bool more = true; more;) {
    auto rows = statements.all(store::standing, made, last, page_rows);
    more = static_cast<std::int64_t>(rows.size()) == page_rows;
    if (rows.empty()) break;
    made = rows.back().created_at;
    last = rows.back().id;
    for (const store::Standing& each : rows) {
      floor.put(each.id, std::nullopt, {each.x, each.y}, each.collapsed);
      if (each.parent) below.emplace_back(each.id, *each.parent);
    }
  }
  // A team may have been made after those that are in it now.
  for (const auto& [id, parent] : below) floor.change(id, parent, std::nullopt, std::nullopt);
  return [this, floor = std::move(floor)]() mutable {
    known_.write([&](Known& known) { known = Known{std::move(floor), {}}; });
  };
}

void Places::apply(const facts::Fact& fact) {
  known_.write([&](Known& known) {
    Floor& floor = known.floor;
    if (fact.kind == facts::Kind(facts::Internal::WORKSPACES_PURGED)) {
      for (WorkspaceId each : fact.read<facts::WorkspacesPurged>().ids) floor.erase(each);
    } else if (fact.kind == facts::Kind(events::Type::WORKSPACE_REMOVED)) {
      floor.erase(fact.workspace);
    } else if (fact.kind == facts::Kind(events::Type::WORKSPACE_PROVISIONING)) {
      const auto said = fact.read<events::Provisioning>();
      std::erase_if(known.promised, [&](const Promise& each) { return each.id == fact.workspace; });
      floor.put(fact.workspace, said.parent_id, {said.x, said.y}, false);
    } else {
      const auto said = fact.read<events::Changed>();
      std::optional<Spot> at;
      if (said.x && said.y) at = Spot{*said.x, *said.y};
      std::optional<std::optional<WorkspaceId>> parent;
      if (said.parent_id) parent = *said.parent_id;
      std::optional<bool> folded;
      if (said.collapsed) folded = *said.collapsed;
      floor.change(fact.workspace, parent, at, folded);
    }
  });
}

}  // namespace molecule::workspaces
