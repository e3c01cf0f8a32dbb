#include "server/workspaces/workspaces_service.h"
#include "server/workspaces/workspaces_store.h"

namespace molecule::workspaces {

io::Task<void> Service::load() {
  auto query = [](sql::Read& read) { return read.all(store::all); };
  std::vector<Row> rows = co_await db_.read(query);
  for (const Row& row : rows) {
    table_.directory().put(entry_of(row, ports_.vitals.of(row.id).monthly_spend));
    if (row.status != Status::removed) note_name(row);
  }
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

std::string Service::object_text(const Row& row, View view) const {
  Vitals vitals = ports_.vitals.of(row.id);
  json::Object object;
  object.add("id", row.id).add("name", row.name);
  object.add("role", row.role.empty() ? std::nullopt : std::optional(row.role));
  object.add("tier", row.tier)
      .add("status", row.status)
      .add("url", row.url)
      .add("parent_id", row.parent);
  object.add("agent_card", row.agent_card).add("active_tasks", vitals.active_tasks);
  object.add("max_concurrent_tasks", row.max_concurrent_tasks)
      .add("uptime_seconds", vitals.uptime_seconds);
  object.add("last_error_rate", vitals.error_rate).add("runtime", row.runtime);
  object.add("x", row.x).add("y", row.y).add("collapsed", row.collapsed);
  if (view == View::whole) {
    object.add("last_sample_error",
               vitals.sample_error.empty() ? row.failure : vitals.sample_error);
    object.add("current_task", vitals.current_task).add("workspace_dir", row.workspace_dir);
    object.add("budget_limit", row.budget_limit).add("monthly_spend", vitals.monthly_spend);
  }
  bool counted = row.status == Status::online || row.status == Status::degraded;
  object.add("last_outbound_at", last_outbound(row))
      .add("last_heartbeat_at", vitals.last_heartbeat_at);
  object.add("created_at", row.created_at).add("delivery_mode", effective_delivery(row));
  object.add("late", counted && vitals.late);
  return object.text();
}

io::Task<http::Response> Service::list(auth::Admin::Caller) {
  // Read before the snapshot begins: whoever follows from here may see a change twice, never miss
  // one.
  std::int64_t position = log_.newest();
  auto query = [](sql::Read& read) { return read.all(store::live); };
  std::vector<Row> rows = co_await db_.read(query);
  std::string body = "[";
  for (const Row& row : rows) {
    if (body.size() > 1) body += ',';
    body += object_text(row, View::whole);
  }
  body += ']';
  co_return http::Response::json(200, std::move(body))
      .with("X-Molecule-Seq", std::to_string(position));
}

io::Task<http::Response> Service::show(auth::Peer::Caller caller, WorkspaceId id,
                                       http::Query<Shown> query) {
  auto work = [this, id](sql::Read& read) { return table_.find(read, id); };
  std::optional<Row> row = co_await db_.read(work);
  if (!row) throw unknown_workspace();
  if (row->status == Status::removed && !query.value.include_removed.value_or(false)) {
    throw removed_workspace(id, row->removed_at);
  }
  bool whole = caller.is_operator() || caller.workspace() == id;
  co_return http::Response::json(200, object_text(*row, whole ? View::whole : View::public_part));
}

io::Task<http::Response> Service::state(auth::Self::Caller, WorkspaceId id) {
  auto work = [id](sql::Read& read) { return read.optional(store::status_of, id); };
  std::optional<Status> status = co_await db_.read(work);
  json::Object body;
  body.add("workspace_id", id);
  // Agents poll this and end their loop on 404; the shapes are fixed by the contract.
  if (!status) throw unknown_workspace().body(body.add("deleted", true).text());
  body.add("status", *status);
  if (*status == Status::removed) throw unknown_workspace().body(body.add("deleted", true).text());
  body.add("paused", *status == Status::paused).add("deleted", false);
  co_return http::Response::json(200, body.text());
}

}  // namespace molecule::workspaces
