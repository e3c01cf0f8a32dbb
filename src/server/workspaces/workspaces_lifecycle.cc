#include "server/workspaces/workspaces_service.h"
#include "server/workspaces/workspaces_store.h"

namespace molecule::workspaces {

namespace {

Fault no_provisioner() {
  return {
      Kind::unavailable, "provisioner_unavailable",
      "provisioner not available: this platform starts no containers; start the agent yourself and let it register"};
}

void refuse_under_paused(sql::Tx& tx, WorkspaceId id) {
  for (const auto& ancestor : tx.all(store::ancestors, id)) {
    if (ancestor.status == Status::paused) {
      throw conflict(
          "ancestor_paused",
          fmt::format("parent workspace \"{}\" is paused — resume it first", ancestor.name));
    }
  }
}

events::Arrival named(std::string_view name, const json::Omit<std::string>& by) {
  events::Arrival arrival;
  arrival.by = by;
  arrival.name = std::string(name);
  return arrival;
}

Fault not_in_status(std::string_view text) {
  return {Kind::not_found, "workspace_not_found", std::string(text)};
}

// The workspace and everything live below it, top first.
std::vector<store::Relative> subtree(sql::Tx& tx, const Row& row) {
  std::vector<store::Relative> all = tx.all(store::descendants, row.id);
  all.insert(all.begin(), store::Relative{row.id, row.name, row.status, row.runtime, 0});
  return all;
}

}  // namespace

io::Task<api::Paused> Service::pause(auth::Self::Caller caller, WorkspaceId id) {
  auto work = [this, id, by = caller.by()](sql::Tx& tx) {
    Row row = table_.live(tx, id);
    if (row.status == Status::paused) throw not_in_status("workspace not found or already paused");
    int count = 0;
    for (const auto& each : subtree(tx, row)) {
      if (table_.move(tx, each.id, Trigger::pause, named(each.name, by))) ++count;
    }
    return count;
  };
  int count = co_await db_.write(work);
  co_return api::Paused{Status::paused, count};
}

io::Task<api::Resumed> Service::resume(auth::Self::Caller caller, WorkspaceId id) {
  struct Outcome {
    Status status = Status::awaiting_agent;
    int count = 0;
  };
  auto work = [this, id, by = caller.by()](sql::Tx& tx) {
    Row row = table_.live(tx, id);
    if (row.status != Status::paused) throw not_in_status("workspace not found or not paused");
    refuse_under_paused(tx, id);
    Outcome outcome;
    for (const auto& each : subtree(tx, row)) {
      if (each.status != Status::paused) continue;
      bool fresh = ports_.vitals.of(each.id).fresh;
      std::optional<Status> now;
      if (fresh || joins_by_itself(each.runtime)) {
        now = table_.move(tx, each.id, fresh ? Trigger::resume_fresh : Trigger::resume_stale,
                          named(each.name, by));
      } else if (each.id == id) {
        throw no_provisioner();
      } else {
        table_.fail(tx, each.id, no_provisioner().text());
        now = Status::failed;
      }
      if (!now) continue;
      ++outcome.count;
      if (each.id == id) outcome.status = *now;
    }
    return outcome;
  };
  Outcome outcome = co_await db_.write(work);
  co_return api::Resumed{outcome.status, outcome.count};
}

io::Task<api::Restarted> Service::restart(auth::Self::Caller, WorkspaceId id) {
  auto work = [this, id](sql::Tx& tx) {
    auto row = table_.find(tx, id);
    if (!row || row->status == Status::removed) throw unknown_workspace();
    refuse_under_paused(tx, id);
    return row->runtime;
  };
  std::string runtime = co_await db_.write(work);
  if (!joins_by_itself(runtime)) throw no_provisioner();
  co_return api::Restarted{
      "noop", std::move(runtime),
      "this agent runs where its owner started it; the platform cannot restart it"};
}

}  // namespace molecule::workspaces
