#include "server/workspaces/workspaces_service.h"
#include "server/workspaces/workspaces_store.h"

namespace molecule::workspaces {

namespace {

Fault no_provisioner() {
  return {
      Kind::unavailable, "provisioner_unavailable",
      "provisioner not available: this platform has started no agent of this workspace; start the agent yourself and let it register"};
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
      if (!table_.move(tx, each.id, Trigger::pause, named(each.name, by))) continue;
      if (starter_ && starter_->has(tx, each.id)) starter_->pause(tx, each.id);
      ++count;
    }
    return count;
  };
  int count = co_await db_.write(work);
  co_return api::Paused{Status::paused, count};
}

std::optional<Status> Service::resume_one(sql::Tx& tx, WorkspaceId id, std::string_view name,
                                          std::string_view runtime,
                                          const json::Omit<std::string>& by) {
  if (starter_ && starter_->has(tx, id)) {
    starter_->start(tx, id);
    return table_.start(tx, table_.live(tx, id), Trigger::resume_here, {}, by);
  }
  const bool fresh = ports_.vitals.of(id).fresh;
  if (!fresh && !joins_by_itself(runtime)) throw no_provisioner();
  return table_.move(tx, id, fresh ? Trigger::resume_fresh : Trigger::resume_stale,
                     named(name, by));
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
      std::optional<Status> now;
      try {
        now = resume_one(tx, each.id, each.name, each.runtime, by);
      } catch (const Fault& fault) {
        if (each.id == id) throw;
        now = table_.fail(tx, each.id, fault.text());
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

io::Task<api::Restarted> Service::restart(auth::Self::Caller caller, WorkspaceId id) {
  struct Outcome {
    std::string runtime;
    bool started = false;
  };
  auto work = [this, id, by = caller.by()](sql::Tx& tx) {
    auto row = table_.find(tx, id);
    if (!row || row->status == Status::removed) throw unknown_workspace();
    refuse_under_paused(tx, id);
    Outcome outcome{row->runtime, starter_ && starter_->has(tx, id)};
    if (!outcome.started) return outcome;
    starter_->start(tx, id);
    const bool paused = row->status == Status::paused;
    table_.start(tx, *row, paused ? Trigger::resume_here : Trigger::starting, {}, by);
    return outcome;
  };
  auto [runtime, started] = co_await db_.write(work);
  if (started)
    co_return api::Restarted{"provisioning", std::move(runtime), "the agent is started anew"};
  if (!joins_by_itself(runtime)) throw no_provisioner();
  co_return api::Restarted{
      "noop", std::move(runtime),
      "this agent runs where its owner started it; the platform cannot restart it"};
}

}  // namespace molecule::workspaces
