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
  facts::WorkspaceMade made{
      row.parent,      row.name, row.role, row.tier,     row.runtime,
      row.status,      row.url,  {},       row.delivery, row.max_concurrent_tasks,
      row.budget_limit};
  if (!row.agent_card.empty()) made.agent_card = row.agent_card;
  log_.note<facts::Internal::WORKSPACE_MADE>(tx, row.id, made, row.created_at);
}

void Table::update(sql::Tx& tx, const Row& row, const events::Changed& changed) {
  tx.run(store::update, row.id, row.parent, row.name, row.role, row.tier, row.runtime,
         row.workspace_dir, row.workspace_access, row.budget_limit, row.max_concurrent_tasks, row.x,
         row.y, row.collapsed, clock_.now());
  announce(tx, events::event<events::Type::WORKSPACE_UPDATED>(row.id, changed));
}

void Table::purge(sql::Tx& tx, const std::vector<WorkspaceId>& ids) {
  for (WorkspaceId each : ids) {
    tx.run(store::orphan, each);
    tx.run(store::purge, each);
  }
  log_.note<facts::Internal::WORKSPACES_PURGED>(tx, {}, {ids});
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
  log_.append(tx, {arrival_event(*to), id, RawJson(json::text(why))}, now);
  return to;
}

std::optional<Status> Table::fail(sql::Tx& tx, WorkspaceId id, std::string_view error,
                                  Trigger why) {
  events::Arrival arrival;
  arrival.error = std::string(error);
  const auto moved = move(tx, id, why, arrival);
  if (moved) tx.run(store::set_failure, id, error);
  return moved;
}

std::optional<Status> Table::start(sql::Tx& tx, const Row& row, Trigger why,
                                   std::string_view reason, const json::Omit<std::string>& by) {
  const auto from = tx.optional(store::status_of, row.id);
  if (!from) return std::nullopt;
  const auto to = next(*from, why);
  if (!to || tx.run(store::move, row.id, *from, *to, clock_.now()) == 0) return std::nullopt;
  tx.run(store::set_failure, row.id, reason);
  announce(tx,
           events::event<events::Type::WORKSPACE_PROVISIONING>(
               row.id, {row.name, row.tier, row.runtime, row.role, row.parent, row.x, row.y, by}));
  return to;
}

void Table::enrol(sql::Tx& tx, WorkspaceId id, std::string_view url, const RawJson& card,
                  Delivery delivery) {
  tx.run(store::enrol, id, url, card, delivery, clock_.now());
  log_.note<facts::Internal::WORKSPACE_ENROLLED>(tx, id, {std::string(url), card, delivery});
}

void Table::set_url(sql::Tx& tx, WorkspaceId id, std::string_view url) {
  tx.run(store::set_url, id, url);
  events::Changed changed;
  changed.url = std::string(url);
  announce(tx, events::event<events::Type::WORKSPACE_UPDATED>(id, changed));
}

void Table::set_card(sql::Tx& tx, WorkspaceId id, const RawJson& card) {
  tx.run(store::set_card, id, card);
  announce(tx, events::event<events::Type::AGENT_CARD_UPDATED>(id, {card}));
}

bool Table::claimable(const Row& row) const {
  return row.claim_until && *row.claim_until > clock_.now() && !row.registered_at &&
         row.status != Status::removed;
}

bool Table::claim(sql::Tx& tx, WorkspaceId id) {
  return tx.run(store::claim, id, clock_.now()) == 1;
}

void Table::close_claim(sql::Tx& tx, WorkspaceId id) { tx.run(store::close_claim, id); }

void Table::close_claims(sql::Tx& tx) { tx.run(store::close_claims); }

}  // namespace molecule::workspaces
