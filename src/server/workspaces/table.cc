#include "server/workspaces/table.h"

#include "server/workspaces/workspaces_store.h"

namespace molecule::workspaces {

Fault unknown_workspace() { return not_found("workspace"); }

Fault removed_workspace(WorkspaceId id, std::optional<Instant> removed_at) {
  api::RemovedHint hint{
      id, removed_at,
      "This workspace was removed. Create a new one and connect the agent with its id and token."};
  return Fault(Kind::gone, "workspace_removed", "workspace removed").with(json::members(hint));
}

std::optional<Row> Table::find(sql::Statements& tx, WorkspaceId id) const {
  return tx.optional(store::find, id);
}

Row Table::live(sql::Statements& tx, WorkspaceId id) const {
  auto row = find(tx, id);
  if (!row) throw unknown_workspace();
  if (row->status == Status::removed) throw removed_workspace(id, row->removed_at);
  return std::move(*row);
}

void Table::insert(sql::Tx& tx, const Row& row) {
  tx.run(store::insert, row.id, row.parent, row.name, row.role, row.tier, row.status, row.runtime,
         row.url, row.agent_card, row.delivery, row.workspace_dir, row.workspace_access,
         row.budget_limit, row.max_concurrent_tasks, row.x, row.y, row.model, row.template_name,
         row.created_at, row.claim_until);
  tx.after_commit([this, entry = entry_of(row, 0)]() mutable { directory_.put(std::move(entry)); });
}

std::optional<Status> Table::move(sql::Tx& tx, WorkspaceId id, Trigger trigger,
                                  const events::Arrival& why) {
  auto from = tx.optional(store::status_of, id);
  if (!from) return std::nullopt;
  auto to = next(*from, trigger);
  if (!to) return std::nullopt;
  Instant now = clock_.now();
  if (tx.run(store::move, id, *from, *to, now) == 0) return std::nullopt;
  if (*to == Status::removed) tx.run(store::bury, id, now);
  announce(tx, {arrival_event(*to), id, RawJson(json::text(why))});
  tx.after_commit([this, id, to = *to, now] {
    directory_.update(id, [&](Entry& entry) {
      entry.status = to;
      if (to == Status::removed) entry.removed_at = now;
    });
  });
  return to;
}

void Table::fail(sql::Tx& tx, WorkspaceId id, std::string_view error) {
  events::Arrival why;
  why.error = std::string(error);
  if (move(tx, id, Trigger::no_provisioner, why)) tx.run(store::set_failure, id, error);
}

void Table::enrol(sql::Tx& tx, WorkspaceId id, std::string_view url, const RawJson& card,
                  Delivery delivery) {
  tx.run(store::enrol, id, url, card, delivery, clock_.now());
  tx.after_commit([this, id, url = std::string(url), card, delivery] {
    directory_.update(id, [&](Entry& entry) {
      entry.url = url;
      entry.show_card(card);
      entry.delivery = delivery;
    });
  });
}

void Table::set_url(sql::Tx& tx, WorkspaceId id, std::string_view url) {
  tx.run(store::set_url, id, url);
  tx.after_commit([this, id, url = std::string(url)] {
    directory_.update(id, [&](Entry& entry) { entry.url = url; });
  });
}

void Table::set_card(sql::Tx& tx, WorkspaceId id, const RawJson& card) {
  tx.run(store::set_card, id, card);
  tx.after_commit(
      [this, id, card] { directory_.update(id, [&](Entry& entry) { entry.show_card(card); }); });
}

bool Table::claimable(const Row& row) const {
  return row.claim_until && *row.claim_until > clock_.now() && !row.registered_at &&
         row.status != Status::removed;
}

bool Table::claim(sql::Tx& tx, WorkspaceId id) {
  return tx.run(store::claim, id, clock_.now()) == 1;
}

void Table::close_claim(sql::Tx& tx, WorkspaceId id) { tx.run(store::close_claim, id); }

}  // namespace molecule::workspaces
