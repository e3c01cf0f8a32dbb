#include "server/workspaces/workspaces_service.h"
#include "server/workspaces/workspaces_store.h"

namespace molecule::workspaces {

namespace {

Fault confirmation_required(const std::vector<store::Relative>& below) {
  api::ConfirmationRequired body;
  for (const auto& each : below) {
    if (each.distance == 1) body.children.push_back({each.id, each.name});
  }
  body.children_count = static_cast<std::int64_t>(body.children.size());
  body.message = body.error =
      fmt::format("{} workspaces below this one would be removed with it; repeat with confirm=true",
                  below.size());
  return conflict("confirmation_required", body.message).body(json::text(body));
}

Fault wrong_name(const Row& row, std::size_t below) {
  api::WrongName members{
      "send the workspace's exact name in X-Confirm-Name, or leave the header out", row.name,
      static_cast<std::int64_t>(below)};
  return bad_request("destructive_action_requires_confirmation",
                     "destructive_action_requires_confirmation")
      .with(json::members(members));
}

}  // namespace

io::Task<api::WorkspaceRemoved> Service::remove(auth::Operator::Caller caller, WorkspaceId id,
                                                http::Query<Removal> query,
                                                const http::Request& request) {
  bool confirmed = query.value.confirm.value_or(false);
  bool purge = query.value.purge.value_or(false);
  std::optional<std::string> said_name;
  if (auto header = request.header("X-Confirm-Name")) said_name = std::string(*header);

  auto work = [this, id, confirmed, purge, said_name, by = caller.by()](sql::Tx& tx) {
    auto row = table_.find(tx, id);
    if (!row) throw unknown_workspace();
    bool gone = row->status == Status::removed;
    if (gone && !purge) throw removed_workspace(id, row->removed_at);
    auto below = tx.all(store::descendants, id);
    if (said_name && *said_name != row->name) throw wrong_name(*row, below.size());
    if (!below.empty() && !confirmed) throw confirmation_required(below);

    std::vector<WorkspaceId> ids;
    for (auto each = below.rbegin(); each != below.rend(); ++each) {
      events::Arrival with_it;
      with_it.by = by;
      table_.move(tx, each->id, Trigger::remove, with_it);
      ids.push_back(each->id);
    }
    if (!gone) {
      events::Arrival arrival;
      arrival.by = by;
      arrival.cascade_deleted = static_cast<std::int64_t>(below.size());
      table_.move(tx, id, Trigger::remove, arrival);
    }
    ids.push_back(id);
    for (WorkspaceId each : ids) {
      if (!gone) ports_.tokens.depart(tx, each);
      if (purge) ports_.tokens.erase_all(tx, each);
    }
    for (Departure* other : ports_.departures) {
      if (!gone) other->removed(tx, ids);
      if (purge) other->purged(tx, ids);
    }
    if (purge) table_.purge(tx, ids);
    return below.size();
  };
  std::size_t cascade = co_await db_.write(std::move(work));
  co_return api::WorkspaceRemoved{purge ? "purged" : "removed", static_cast<std::int64_t>(cascade)};
}

}  // namespace molecule::workspaces
