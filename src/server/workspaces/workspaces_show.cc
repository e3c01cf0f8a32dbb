#include <limits>

#include "server/workspaces/workspaces_service.h"
#include "server/workspaces/workspaces_store.h"

namespace molecule::workspaces {

io::Task<void> Service::load() {
  table_.directory().look_at_all([this](const Entry& entry) {
    if (entry.status != Status::removed) namesakes_.note(entry.id, entry.parent, entry.name);
  });
  co_return;
}

std::optional<Instant> Service::last_outbound(const Row& row) const {
  return outbound_.read([&](const Outbound& noted) {
    auto it = noted.find(row.id);
    return it == noted.end() ? row.last_outbound_at : std::optional(it->second);
  });
}

void Service::touch_outbound(WorkspaceId id) {
  Instant now = table_.clock().now();
  outbound_.write([&](Outbound& noted) { noted[id] = now; });
}

void Service::flush_outbound(sql::Tx& tx) {
  Outbound noted = outbound_.read([](const Outbound& all) { return all; });
  for (const auto& [id, at] : noted) tx.post(store::touch_outbound, id, at);
  tx.after_commit([this, noted = std::move(noted)] {
    outbound_.write([&](Outbound& all) {
      for (const auto& [id, at] : noted) {
        auto it = all.find(id);
        if (it != all.end() && it->second == at) all.erase(it);
      }
    });
  });
}

api::Workspace Service::shown(const Row& row, View view) const {
  Vitals vitals = ports_.vitals.of(row.id);
  api::Workspace out;
  out.id = row.id;
  out.name = row.name;
  if (!row.role.empty()) out.role = row.role;
  out.tier = row.tier;
  out.status = row.status;
  out.url = row.url;
  out.parent_id = row.parent;
  out.agent_card = row.agent_card;
  out.active_tasks = vitals.active_tasks;
  out.max_concurrent_tasks = row.max_concurrent_tasks;
  out.uptime_seconds = vitals.uptime_seconds;
  out.last_error_rate = vitals.error_rate;
  out.runtime = row.runtime;
  out.x = row.x;
  out.y = row.y;
  out.collapsed = row.collapsed;
  if (view == View::whole) {
    out.last_sample_error = vitals.sample_error.empty() ? row.failure : vitals.sample_error;
    out.current_task = vitals.current_task;
    out.workspace_dir = row.workspace_dir;
    out.budget_limit = row.budget_limit;
    out.monthly_spend = vitals.monthly_spend;
  }
  bool counted = row.status == Status::online || row.status == Status::degraded;
  out.last_outbound_at = last_outbound(row);
  out.last_heartbeat_at = vitals.last_heartbeat_at;
  out.created_at = row.created_at;
  out.delivery_mode = effective_delivery(row);
  out.late = counted && vitals.late;
  return out;
}

io::Task<http::Reply<Service::Listed>> Service::list(auth::Operator::Caller,
                                                     http::Query<Slice> slice) {
  const auto& limit = slice.value.limit;
  if (limit && *limit < 1) throw bad_request("bad_query", "limit is 1 or more");
  Instant made;
  WorkspaceId last;
  if (slice.value.after) {
    const auto after = WorkspaceId::parse(*slice.value.after);
    const bool known = after && table_.directory().look_at(*after, [&](const Entry& entry) {
      made = entry.created_at;
      last = entry.id;
    });
    if (!known)
      throw Fault(Kind::gone, "cursor_gone",
                  "after: there is none of this id any more; list them from the beginning");
  }
  // Read before the snapshot begins: whoever follows from here may see a change twice, never miss
  // one.
  std::int64_t position = log_.newest();
  auto query = [&](sql::Read& read) {
    const auto& runtime = slice.value.runtime;
    const std::int64_t most = limit.value_or(std::numeric_limits<std::int64_t>::max());
    if (runtime) return read.all(store::live_of_runtime, made, last, *runtime, most);
    if (!limit && !slice.value.after) return read.all(store::live);
    return read.all(store::live_behind, made, last, most);
  };
  std::vector<Row> rows = co_await db_.read(query);
  json::ListWriter<api::Workspace> body;
  for (const Row& row : rows) body.add(shown(row, View::whole));
  co_return http::Reply<Listed>{200, std::move(body).finish()}.with("X-Molecule-Seq",
                                                                    std::to_string(position));
}

io::Task<api::Workspace> Service::show(auth::Peer::Caller caller, WorkspaceId id,
                                       http::Query<Shown> query) {
  auto work = [this, id](sql::Read& read) { return table_.find(read, id); };
  std::optional<Row> row = co_await db_.read(work);
  if (!row) throw unknown_workspace();
  if (row->status == Status::removed && !query.value.include_removed.value_or(false)) {
    throw removed_workspace(id, row->removed_at);
  }
  bool whole = caller.is_operator() || caller.workspace() == id;
  co_return shown(*row, whole ? View::whole : View::public_part);
}

io::Task<api::WorkspaceState> Service::state(auth::Self::Caller, WorkspaceId id) {
  auto work = [id](sql::Read& read) { return read.optional(store::status_of, id); };
  std::optional<Status> status = co_await db_.read(work);
  api::WorkspaceState state;
  state.workspace_id = id;
  // Agents poll this and end their loop on 404; the shapes are fixed by the contract.
  if (status) state.status = *status;
  state.deleted = !status || *status == Status::removed;
  if (state.deleted) throw unknown_workspace().body(json::text(state));
  state.paused = *status == Status::paused;
  co_return state;
}

}  // namespace molecule::workspaces
