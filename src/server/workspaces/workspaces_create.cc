#include "platform/text/names.h"
#include "server/workspaces/workspaces_service.h"
#include "server/workspaces/workspaces_store.h"

namespace molecule::workspaces {

namespace {

constexpr std::string_view no_provisioner_text =
    "no provisioner is available: this platform starts no containers. Use the runtime external and connect an "
    "agent, or give an agent this workspace's id and a token (POST /admin/workspaces/{id}/tokens) to register with.";

Row row_of(const NewWorkspace& wanted, WorkspaceId id, Instant now,
           std::chrono::seconds claim_window) {
  Row row;
  row.id = id;
  row.parent = wanted.parent;
  row.name = wanted.name;
  row.role = wanted.role;
  row.tier = wanted.tier;
  row.runtime = wanted.runtime;
  row.url = wanted.url;
  row.delivery = wanted.delivery;
  row.workspace_dir = wanted.workspace_dir;
  row.workspace_access = wanted.workspace_access;
  row.budget_limit = wanted.budget_limit;
  row.max_concurrent_tasks = wanted.max_concurrent_tasks;
  row.x = wanted.x;
  row.y = wanted.y;
  row.model = wanted.model;
  row.template_name = wanted.template_name;
  row.created_at = row.updated_at = now;
  if (joins_by_itself(wanted.runtime)) row.claim_until = now + claim_window;
  return row;
}

}  // namespace

bool Service::name_taken(sql::Tx& tx, const std::optional<WorkspaceId>& parent,
                         const std::string& name, WorkspaceId except) {
  bool same = parent ? tx.optional(store::named_child, *parent, name, except).has_value()
                     : tx.optional(store::named_root, name, except).has_value();
  if (same) return true;
  for (WorkspaceId other : namesakes_.of(parent, name)) {
    if (other == except) continue;
    auto row = table_.find(tx, other);
    bool there = row && row->status != Status::removed && row->parent == parent;
    if (there && text::look_alike(row->name, name)) return true;
  }
  return false;
}

std::string Service::free_name(sql::Tx& tx, const std::optional<WorkspaceId>& parent,
                               const std::string& name) {
  if (!name_taken(tx, parent, name, WorkspaceId())) return name;
  for (int n = 2; n <= name_tries; ++n) {
    std::string numbered = fmt::format("{} ({})", name, n);
    if (numbered.size() > name_max) break;
    if (!name_taken(tx, parent, numbered, WorkspaceId())) return numbered;
  }
  throw conflict("workspace_name_conflict",
                 "workspace name already in use; please pick a different name");
}

void Service::announce_provisioning(sql::Tx& tx, const Row& row,
                                    const json::Omit<std::string>& by) {
  events::Provisioning payload{row.name,   row.tier, row.runtime, row.role,
                               row.parent, row.x,    row.y,       by};
  table_.announce(tx, events::event<events::Type::WORKSPACE_PROVISIONING>(row.id, payload));
}

void Service::stand(Row& row) {
  if (row.x != 0 || row.y != 0) return;
  const Spot spot = places_.take(row.id, row.parent, table_.clock().now());
  row.x = spot.x;
  row.y = spot.y;
}

void Service::note_name(const Row& row) { namesakes_.note(row.id, row.parent, row.name); }

io::Task<Service::Made> Service::make(NewWorkspace wanted) {
  if (!wanted.url.empty()) co_await ports_.urls.check(wanted.url);
  auto work = [this, wanted = std::move(wanted)](sql::Tx& tx) { return make(tx, wanted); };
  Made made = co_await db_.write(std::move(work));
  co_return made;
}

Service::Made Service::make(sql::Tx& tx, const NewWorkspace& wanted) {
  const WorkspaceId id = random_.id<WorkspaceId>();
  Made made;
  Row& row = made.row;
  row = row_of(wanted, id, table_.clock().now(), settings_.claim_window);
  if (shown_ && shown_(tx)) row.claim_until.reset();
  if (row.parent) check_parent(tx, row, row.parent);
  row.name = free_name(tx, row.parent, row.name);
  stand(row);
  table_.insert(tx, row);
  note_name(row);
  for (const auto& [key, value] : wanted.secrets) ports_.secrets.put(tx, id, key, value);
  announce_provisioning(tx, row, wanted.by);

  events::Arrival arrival;
  arrival.name = row.name;
  arrival.external = true;
  if (!joins_by_itself(row.runtime)) {
    const auto why_not =
        starter_ ? starter_->why_not(row.runtime) : std::string(no_provisioner_text);
    if (why_not) {
      table_.fail(tx, id, *why_not);
      row.status = Status::failed;
      row.failure = *why_not;
    }
    // One that cannot be started now can be later: when its program has been installed, say.
    if (starter_ && starter_->starts_agents()) starter_->made(tx, row, wanted.command);
  } else if (!row.url.empty()) {
    table_.move(tx, id, Trigger::reachable, arrival);
    row.status = Status::online;
    ports_.inbound.ensure(tx, id);
    tx.after_commit([this, id, at = row.created_at] { ports_.vitals.expect(id, at); });
  } else {
    table_.move(tx, id, Trigger::awaited, arrival);
    row.status = Status::awaiting_agent;
    auth::MintedToken minted = ports_.tokens.mint(tx, id, auth::TokenOptions::by(wanted.maker));
    made.token = std::move(minted.text);
    made.token_id = minted.id;
  }
  return made;
}

io::Task<http::Reply<api::WorkspaceMade>> Service::create(auth::Operator::Caller caller,
                                                          api::NewWorkspace said,
                                                          const http::Request& request) {
  std::string url = platform_url(settings_, request);
  NewWorkspace wanted = checked(std::move(said));
  if (wanted.workspace_dir) require_to_share(caller);
  wanted.command = checked_command(request.body);
  wanted.by = caller.by();
  wanted.maker = caller.actor();
  if (starter_ && !joins_by_itself(wanted.runtime)) starter_->check(wanted);
  bool has_memories = wanted.has_memories;
  Made made = co_await make(std::move(wanted));
  const Row& row = made.row;
  http::Reply<api::WorkspaceMade> reply{201, {}};
  api::WorkspaceMade& body = reply.body;
  body.id = row.id;
  body.name = row.name;
  if (joins_by_itself(row.runtime)) {
    body.external = true;
    body.status = row.status;
    if (row.status == Status::awaiting_agent)
      body.connection = connection_of(row.id, row.name, url, made.token.reveal());
  } else {
    // What clients of container runtimes wait on; the failure follows as an event and in the
    // object.
    body.status = Status::provisioning;
    body.awareness_namespace = "workspace:" + row.id.text();
  }
  body.workspace_access = row.workspace_access;
  body.platform_url = url;
  if (has_memories)
    body.warning = "initial_memories was not kept: this platform has no memory to keep it in";
  co_return std::move(reply).unkept();
}

}  // namespace molecule::workspaces
