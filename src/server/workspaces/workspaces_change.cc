#include <algorithm>

#include "server/workspaces/workspaces_service.h"
#include "server/workspaces/workspaces_store.h"

namespace molecule::workspaces {

void Service::check_parent(sql::Tx& tx, const Row& row,
                           const std::optional<WorkspaceId>& parent) const {
  if (!parent) return;
  if (*parent == row.id) {
    throw bad_request("workspace_reparent_self", "a workspace cannot be its own parent");
  }
  auto status = tx.optional(store::status_of, *parent);
  if (!status || *status == Status::removed) {
    throw bad_request("workspace_reparent_parent_not_found",
                      "parent_id names no workspace that exists");
  }
  auto above = tx.all(store::ancestors, *parent);
  for (const auto& ancestor : above) {
    if (ancestor.id == row.id) {
      throw conflict("workspace_reparent_cycle",
                     "the new parent is below this workspace; that would make a cycle");
    }
  }
  auto below = tx.all(store::descendants, row.id);
  std::int64_t height = below.empty() ? 0 : below.back().distance;
  std::int64_t depth = static_cast<std::int64_t>(above.size()) + 2 + height;
  if (depth > depth_max) {
    throw conflict("workspace_too_deep",
                   fmt::format("workspaces may be nested {} deep", depth_max));
  }
}

events::Changed Service::apply(sql::Tx& tx, Row& row, const Change& change) {
  events::Changed changed;
  bool named = false;
  if (change.parent && *change.parent != row.parent) {
    check_parent(tx, row, *change.parent);
    row.parent = *change.parent;
    named = true;
    changed.parent_id = row.parent;
  }
  if (change.name && *change.name != row.name) {
    row.name = *change.name;
    named = true;
    changed.name = row.name;
  }
  if (named && name_taken(tx, row.parent, row.name, row.id)) {
    throw conflict(
        "workspace_name_conflict",
        "workspace name already in use, or too like one in use; please pick a different name");
  }
  if (named) note_name(row);
  if (change.role && *change.role != row.role) changed.role = row.role = *change.role;
  if (change.tier && *change.tier != row.tier) changed.tier = row.tier = *change.tier;
  if (change.runtime && *change.runtime != row.runtime)
    changed.runtime = row.runtime = *change.runtime;
  if (change.workspace_dir && *change.workspace_dir != row.workspace_dir) {
    changed.workspace_dir = row.workspace_dir = *change.workspace_dir;
  }
  if (change.workspace_access && *change.workspace_access != row.workspace_access) {
    changed.workspace_access = row.workspace_access = *change.workspace_access;
  }
  if (change.collapsed && *change.collapsed != row.collapsed) {
    changed.collapsed = row.collapsed = *change.collapsed;
  }
  if (change.position && *change.position != std::pair{row.x, row.y}) {
    std::tie(row.x, row.y) = *change.position;
    changed.x = row.x;
    changed.y = row.y;
  }
  return changed;
}

std::int64_t Service::carry(sql::Tx& tx, WorkspaceId id, Spot by, const Named& named) {
  std::int64_t count = 0;
  for (WorkspaceId each : tx.all(store::children, id)) {
    if (named.contains(each)) continue;
    Row row = table_.live(tx, each);
    // What stands nowhere yet is placed where it is seen first.
    if (row.x == 0 && row.y == 0) continue;
    row.x += by.x;
    row.y += by.y;
    events::Changed changed;
    changed.x = row.x;
    changed.y = row.y;
    table_.update(tx, row, changed);
    count += 1 + carry(tx, each, by, named);
  }
  return count;
}

std::int64_t Service::change_one(sql::Tx& tx, WorkspaceId id, Change change, const Named& named) {
  Row row = table_.live(tx, id);
  const Row before = row;
  // In another team its old place means nothing.
  const bool moves_in = change.parent && *change.parent != row.parent && !change.position;
  if (moves_in) {
    check_parent(tx, row, *change.parent);
    const Spot spot = places_.free_place(*change.parent);
    change.position = std::pair{spot.x, spot.y};
  }
  events::Changed changed = apply(tx, row, change);
  if (starter_) starter_->check_change(tx, before, row.runtime, row.tier);
  if (json::members(changed).empty()) return 0;
  changed.by = change.by;
  table_.update(tx, row, changed);
  std::int64_t count = 1;
  const bool stood = before.x != 0 || before.y != 0;
  if (stood && (row.x != before.x || row.y != before.y))
    count += carry(tx, id, {row.x - before.x, row.y - before.y}, named);
  if (row.name == before.name && row.parent == before.parent) return count;
  tx.after_commit([this, row, before] {
    namesakes_.drop(row.id, before.parent, before.name);
    note_name(row);  // The same look may have been both.
  });
  return count;
}

io::Task<api::WorkspaceUpdated> Service::change(auth::Self::Caller caller, WorkspaceId id,
                                                api::WorkspaceChange said) {
  Change wanted = checked(std::move(said));
  std::vector<std::string> fields = wanted.infrastructure();
  if (!fields.empty() && !caller.is_operator()) {
    throw Fault(Kind::forbidden, "workspace_infrastructure_auth_required",
                "only an operator may change where a workspace sits and what it runs on")
        .with(json::members(api::OperatorFields{fields}));
  }
  if (wanted.workspace_dir || wanted.workspace_access) require_to_share(caller);
  wanted.by = caller.by();
  bool needs_restart = wanted.workspace_dir.has_value();
  auto work = [this, id, wanted = std::move(wanted)](sql::Tx& tx) {
    change_one(tx, id, wanted, {});
  };
  co_await db_.write(std::move(work));
  api::WorkspaceUpdated body;
  if (needs_restart) body.needs_restart = true;
  co_return body;
}

io::Task<api::CardsPlaced> Service::place(auth::Operator::Caller caller, api::CardPlaces said) {
  Named named;
  for (const api::CardPlace& each : said.places) {
    if (!named.insert(each.id).second) {
      throw bad_request("invalid_workspace_fields",
                        fmt::format("invalid workspace fields: {} is named twice", each.id.text()));
    }
  }
  auto work = [this, said = std::move(said), named = std::move(named),
               by = caller.by()](sql::Tx& tx) {
    std::int64_t count = 0;
    for (const api::CardPlace& each : said.places) {
      Change change;
      change.position = std::pair{each.x, each.y};
      change.by = by;
      if (each.parent_id) change.parent = *each.parent_id;
      count += change_one(tx, each.id, std::move(change), named);
    }
    return count;
  };
  const std::int64_t changed = co_await db_.write(std::move(work));
  co_return api::CardsPlaced{changed};
}

}  // namespace molecule::workspaces
