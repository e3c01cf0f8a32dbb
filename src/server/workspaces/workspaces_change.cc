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

io::Task<api::WorkspaceUpdated> Service::change(auth::Self::Caller caller, WorkspaceId id,
                                                api::WorkspaceChange said) {
  Change wanted = checked(std::move(said));
  std::vector<std::string> fields = wanted.infrastructure();
  if (!fields.empty() && !caller.is_operator()) {
    throw Fault(Kind::forbidden, "workspace_infrastructure_auth_required",
                "only an operator may change where a workspace sits and what it runs on")
        .with(json::members(api::OperatorFields{fields}));
  }
  bool needs_restart = wanted.workspace_dir.has_value();
  auto work = [this, id, wanted = std::move(wanted)](sql::Tx& tx) {
    Row row = table_.live(tx, id);
    const Row before = row;
    const events::Changed changed = apply(tx, row, wanted);
    if (json::members(changed).empty()) return;
    table_.update(tx, row, changed);
    if (row.name == before.name && row.parent == before.parent) return;
    tx.after_commit([this, row, before] {
      namesakes_.drop(row.id, before.parent, before.name);
      note_name(row);  // The same look may have been both.
    });
  };
  co_await db_.write(std::move(work));
  api::WorkspaceUpdated body;
  if (needs_restart) body.needs_restart = true;
  co_return body;
}

}  // namespace molecule::workspaces
