#include "server/workspaces/workspaces_service.h"
#include "server/workspaces/workspaces_store.h"

namespace molecule::workspaces {

namespace {

struct Child {
  WorkspaceId id;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Child, (), (id, name))

Fault confirmation_required(const std::vector<store::Relative>& below) {
  std::vector<Child> children;
  for (const auto& each : below) {
    if (each.distance == 1) children.push_back(Child{each.id, each.name});
  }
  std::string text =
      fmt::format("{} workspaces below this one would be removed with it; repeat with confirm=true",
                  below.size());
  json::Object body;
  body.add("status", "confirmation_required").add("message", text).add("error", text);
  body.add("code", "confirmation_required")
      .add("children", children)
      .add("children_count", children.size());
  return conflict("confirmation_required", text).body(body.text());
}

Fault wrong_name(const Row& row, std::size_t below) {
  json::Object members;
  members.add("hint", "send the workspace's exact name in X-Confirm-Name, or leave the header out");
  members.add("workspace_name", row.name).add("child_count", below);
  return bad_request("destructive_action_requires_confirmation",
                     "destructive_action_requires_confirmation")
      .with(members.members());
}

}  // namespace

io::Task<http::Response> Service::remove(auth::Admin::Caller, WorkspaceId id,
                                         http::Query<Removal> query, const http::Request& request) {
  bool confirmed = query.value.confirm.value_or(false);
  bool purge = query.value.purge.value_or(false);
  std::optional<std::string> said_name;
  if (auto header = request.header("X-Confirm-Name")) said_name = std::string(*header);

  auto work = [this, id, confirmed, purge, said_name](sql::Tx& tx) {
    auto row = table_.find(tx, id);
    if (!row) throw unknown_workspace();
    bool gone = row->status == Status::removed;
    if (gone && !purge) throw removed_workspace(id, row->removed_at);
    auto below = tx.all(store::descendants, id);
    if (said_name && *said_name != row->name) throw wrong_name(*row, below.size());
    if (!below.empty() && !confirmed) throw confirmation_required(below);

    std::vector<WorkspaceId> ids;
    for (auto each = below.rbegin(); each != below.rend(); ++each) {
      table_.move(tx, each->id, Trigger::remove, json::Object());
      ids.push_back(each->id);
    }
    if (!gone) {
      json::Object payload;
      payload.add("cascade_deleted", below.size());
      table_.move(tx, id, Trigger::remove, payload);
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
    if (purge) {
      for (WorkspaceId each : ids) {
        tx.run(store::orphan, each);
        tx.run(store::purge, each);
      }
      tx.after_commit([this, ids] {
        for (WorkspaceId each : ids) table_.directory().erase(each);
      });
    }
    return below.size();
  };
  std::size_t cascade = co_await db_.write(std::move(work));
  json::Object body;
  body.add("status", purge ? "purged" : "removed").add("cascade_deleted", cascade);
  co_return http::Response::json(200, body.text());
}

}  // namespace molecule::workspaces
