#include "server/delegations/delegations_service.h"

#include <utility>

#include "server/workspaces/reach.h"
#include "wire/a2a/a2a.h"

namespace molecule::delegations {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t list_max = 50;
constexpr std::int64_t slice_max = 2'000;     // Rows that retention looks at in one transaction.
constexpr std::size_t task_max = 256u << 10;  // Bytes of a task.
constexpr std::size_t key_max = 256;          // Bytes of an idempotency key.
constexpr std::int64_t wait_max = 30;         // Seconds.

bool finished(Status status) {
  return status == Status::completed || status == Status::failed || status == Status::canceled;
}

api::Delegation shown(const Delegation& delegation, WorkspaceId asker, bool whole) {
  api::Delegation out;
  out.delegation_id = out.id = delegation.delegation_id;
  out.source_id = delegation.source_id;
  out.target_id = delegation.target_id;
  out.direction = delegation.source_id == asker ? "sent" : "received";
  out.summary = activity::preview(delegation.task, 200);
  out.status = delegation.status;
  out.created_at = delegation.created_at;
  out.updated_at = delegation.updated_at;
  if (delegation.result) out.response_preview = activity::preview(*delegation.result, 300);
  if (whole && delegation.result) out.result = *delegation.result;
  if (delegation.error) out.error = *delegation.error;
  return out;
}

// What was asked under this key or id before is asked again, and nothing else under its name.
void require_same(const Delegation& earlier, const Delegation& now, std::string_view code,
                  std::string_view name) {
  if (earlier.target_id == now.target_id && earlier.task == now.task) return;
  throw conflict(std::string(code),
                 fmt::format("this {} was used for another {}; choose a new one", name,
                             earlier.target_id == now.target_id ? "task" : "target"));
}

// The same for both ways in: how long they may be, and what has to be there.
void check_work(const std::optional<std::string>& task,
                const std::optional<std::string>& idempotency_key) {
  if (task && task->size() > task_max) {
    throw Fault(Kind::too_large, "task_too_large",
                fmt::format("task is longer than {} bytes", task_max));
  }
  if (idempotency_key && (idempotency_key->empty() || idempotency_key->size() > key_max)) {
    throw bad_request("invalid_idempotency_key",
                      fmt::format("idempotency_key must have 1 to {} bytes", key_max));
  }
}

// The delegation that this key stands for already. One that failed gives its key to the next try.
std::optional<Delegation> earlier_under(sql::Tx& tx, const std::optional<std::string>& key,
                                        const Delegation& now) {
  if (!key) return std::nullopt;
  auto earlier = tx.optional(store::by_key, now.source_id, std::string_view(*key));
  if (!earlier) return std::nullopt;
  require_same(*earlier, now, "idempotency_key_reused", "idempotency_key");
  if (earlier->status != Status::failed && earlier->status != Status::canceled) return earlier;
  tx.run(store::release_key, earlier->delegation_id);
  return std::nullopt;
}

constexpr auto table = http::table(
    http::post<auth::Member, &Service::delegate>("/workspaces/{id}/delegate")
        .says("Hands work to a peer; accepted durably with the message that carries it.")
        .gives<api::Delegated>(202)
        .gives<api::Delegated>(200)
        .refuses("invalid_delegation", "foreign_source", "task_too_large",
                 "invalid_idempotency_key", "idempotency_key_reused", "self_delegation",
                 "not_reachable", "workspace_not_found", "mailbox_full", "edge_rate",
                 "loop_stopped", "budget_exceeded", "workspace_has_no_url"),
    http::get<auth::Self, &Service::list>("/workspaces/{id}/delegations")
        .says("The newest delegations from and to a workspace.")
        .gives<std::vector<api::Delegation>>(),
    http::post<auth::Self, &Service::record>("/workspaces/{id}/delegations/record")
        .says("Notes work that was handed over elsewhere.")
        .gives<api::Delegated>(202)
        .refuses("invalid_delegation", "task_too_large", "delegation_exists", "self_delegation",
                 "not_reachable", "workspace_not_found"),
    http::get<auth::Self, &Service::get>("/workspaces/{id}/delegations/{delegation_id}")
        .says("One delegation, whole; `wait` waits for its end.")
        .refuses("delegation_not_found", "invalid_wait"),
    http::post<auth::Self, &Service::update>("/workspaces/{id}/delegations/{delegation_id}/update")
        .says("Notes how noted work ended.")
        .refuses("invalid_status", "delegation_not_found", "delegation_ended"));

void sent_event(sql::Tx& tx, events::Log& log, const Delegation& delegation) {
  log.append(tx, events::event<events::Type::DELEGATION_SENT>(
                     delegation.source_id, {delegation.delegation_id, delegation.target_id,
                                            activity::preview(delegation.task, 100)}));
}

void status_event(sql::Tx& tx, events::Log& log, const Delegation& delegation) {
  log.append(tx, events::event<events::Type::DELEGATION_STATUS>(
                     delegation.source_id,
                     {delegation.delegation_id, delegation.target_id, delegation.status}));
}

}  // namespace

const std::span<const http::Route> routes = table;

bool Outcomes::finish(sql::Tx& tx, const Delegation& delegation, Status status,
                      const std::string& text) {
  const bool ok = status == Status::completed;
  std::optional<std::string> result, error;
  (ok ? result : error) = text;
  if (tx.run(store::finish, delegation.delegation_id, status, result, error, clock_.now()) == 0)
    return false;
  auto took = (clock_.now() - delegation.created_at).count() / 1000;
  if (delegation.activity_seq) {
    feed_.restate(tx, *delegation.activity_seq, enum_text(status), error, took);
  }
  activity::NewReport row;
  row.workspace = delegation.source_id;
  row.activity_type = "a2a_receive";
  row.source = delegation.target_id;
  row.target = delegation.source_id;
  row.method = "delegate_result";
  row.summary = fmt::format("Delegation {}: {}", enum_text(status), activity::preview(text, 160));
  row.request_body = json::Object{}.add("delegation_id", delegation.delegation_id).raw();
  row.response_body =
      json::Object{}.add("text", text).add("delegation_id", delegation.delegation_id).raw();
  row.duration_ms = took;
  row.status = ok ? "ok" : status == Status::canceled ? "canceled" : "error";
  row.error_detail = error;
  feed_.record(tx, row);
  events::DelegationEnded payload{delegation.delegation_id, delegation.target_id, {}, {}};
  if (ok) {
    payload.response_preview = activity::preview(text, 200);
  } else {
    payload.error = activity::preview(text, 500);
  }
  log_.append(tx,
              ok ? events::event<events::Type::DELEGATION_COMPLETE>(delegation.source_id, payload)
                 : events::event<events::Type::DELEGATION_FAILED>(delegation.source_id, payload));
  return true;
}

DelegationId Outcomes::prune(sql::Tx& tx, DelegationId from, Instant before, std::int64_t max) {
  auto ids = tx.all(store::slice, from, max);
  if (ids.empty()) return {};
  tx.run(store::prune, from, ids.back(), before, before - messages::Settings().age_max);
  return ids.back();
}

void Outcomes::ended(sql::Tx& tx, const messages::Message& message,
                     const messages::Outcome& outcome) {
  if (!message.delegation) return;
  auto delegation = tx.optional(store::find, *message.delegation);
  if (!delegation) return;
  if (outcome.end == messages::End::answered && !outcome.unfinished) {
    finish(tx, *delegation, Status::completed, outcome.text);
  } else {
    finish(tx, *delegation,
           outcome.end == messages::End::canceled ? Status::canceled : Status::failed,
           outcome.unfinished ? *outcome.unfinished : outcome.error.value_or("the agent failed"));
  }
}

void Outcomes::waits(sql::Tx& tx, const messages::Message& message, std::string_view) {
  if (!message.delegation) return;
  auto delegation = tx.optional(store::find, *message.delegation);
  if (!delegation || delegation->status == Status::queued) return;
  if (tx.run(store::progress, *message.delegation, Status::queued, clock_.now()) == 0) return;
  delegation->status = Status::queued;
  if (delegation->activity_seq) {
    feed_.restate(tx, *delegation->activity_seq, enum_text(Status::queued), std::nullopt,
                  std::nullopt);
  }
  status_event(tx, log_, *delegation);
}

// One rule for work that is handed over here and for work that is only noted.
void Service::require_target(WorkspaceId source, WorkspaceId target) const {
  if (target == source) throw bad_request("self_delegation", "self-delegation not permitted");
  workspaces::require_reachable(directory_, source, target);
}

io::Task<http::Reply<api::Delegated>> Service::delegate(auth::Member::Caller caller, WorkspaceId id,
                                                        api::NewDelegation ask,
                                                        const http::Request& request) {
  auto who = caller.workspace();
  WorkspaceId source = id;
  std::optional<WorkspaceId> target = ask.target_id;
  if (!target && who && *who != id) {
    // The form of older SDKs: the target in the path, the sender proven by its own token.
    source = *who;
    target = id;
  } else if (who && *who != id) {
    throw Fault(Kind::forbidden, "foreign_source",
                "source workspace does not match authenticated identity");
  }
  if (!ask.task || ask.task->empty())
    throw bad_request("invalid_delegation", "invalid delegation request: task is required");
  if (!target)
    throw bad_request("invalid_delegation",
                      "invalid delegation request: target_id must be a valid UUID");
  check_work(ask.task, ask.idempotency_key);
  if (!who) auth::require_present(directory_, source);
  require_target(source, *target);

  Delegation delegation;
  delegation.delegation_id = random_.id<DelegationId>();
  delegation.source_id = source;
  delegation.target_id = *target;
  delegation.task = *ask.task;
  delegation.created_at = clock_.now();
  std::string text_id = delegation.delegation_id.text();
  json::Object metadata;
  metadata.add("delegation_id", text_id).add("source_workspace_id", source);
  std::string body =
      a2a::text_request('"' + text_id + '"', text_id, "user", *ask.task, metadata.members());
  std::optional<std::string> parent;
  if (auto header = request.header("X-Molecule-Activity-Id")) parent = std::string(*header);
  proxy::Admission admission =
      co_await proxy_.admit(source, *target, std::move(body), std::move(parent));
  delegation.status =
      admission.target.way == proxy::Way::waits ? Status::queued : Status::dispatched;

  struct Written {
    std::optional<Delegation> earlier;
    proxy::Service::Accepted accepted;
  };
  auto written = co_await db_.write([&, this](sql::Tx& tx) {
    Written out;
    out.earlier = earlier_under(tx, ask.idempotency_key, delegation);
    if (out.earlier) return out;
    activity::NewReport row;
    row.workspace = source;
    row.activity_type = "delegation";
    row.source = source;
    row.target = *target;
    row.method = "delegate";
    row.summary =
        "Delegated to " + admission.target.name + ": " + activity::preview(delegation.task, 160);
    row.request_body =
        json::Object{}.add("task", delegation.task).add("delegation_id", text_id).raw();
    row.status = enum_text(delegation.status);
    messages::Place place = feed_.record(tx, row);
    tx.post(store::insert, delegation.delegation_id, source, *target,
            std::string_view(delegation.task), delegation.status, ask.idempotency_key,
            delegation.created_at, place.seq);
    sent_event(tx, log_, delegation);
    out.accepted = proxy_.accept(tx, admission, delegation.delegation_id);
    status_event(tx, log_, delegation);
    return out;
  });
  if (written.earlier) {
    api::Delegated hit{
        written.earlier->delegation_id, std::string(enum_text(written.earlier->status)), {}, {}};
    hit.target_id = written.earlier->target_id;
    hit.idempotent_hit = true;
    co_return http::Reply<api::Delegated>{200, std::move(hit)};
  }
  io::Context here = co_await io::context();
  for (io::Scope* scope : scopes_) {
    if (&scope->loop() != here.loop) continue;
    scope->spawn("delegation", proxy_.dispatch(std::move(admission), std::move(written.accepted)));
    break;
  }
  api::Delegated out{delegation.delegation_id, "delegated", {}, {}};
  out.target_id = *target;
  co_return http::Reply<api::Delegated>{202, std::move(out)};
}

io::Task<std::vector<api::Delegation>> Service::list(auth::Self::Caller, WorkspaceId id) {
  auto query = [id](sql::Read& read) { return read.all(store::of_workspace, id, list_max); };
  auto found = co_await db_.read(std::move(query));
  std::vector<api::Delegation> out;
  for (const auto& delegation : found) out.push_back(shown(delegation, id, false));
  co_return out;
}

io::Task<api::Delegation> Service::get(auth::Self::Caller, WorkspaceId id, DelegationId delegation,
                                       http::Query<Wait> wait) {
  const auto limit = wait.value.wait.patience(wait_max);
  io::Context here = co_await io::context();
  events::Patience patience(hubs_.of(*here.loop), clock_, limit);
  for (;;) {
    std::uint64_t pulse = feed_.pulse(id);
    auto query = [delegation](sql::Read& read) { return read.optional(store::find, delegation); };
    auto found = co_await db_.read(std::move(query));
    if (!found || (found->source_id != id && found->target_id != id)) throw not_found("delegation");
    if (finished(found->status) || patience.over()) co_return shown(*found, id, true);
    while (!patience.over() && feed_.pulse(id) == pulse) co_await patience.wait();
  }
}

io::Task<http::Reply<api::Delegated>> Service::record(auth::Self::Caller, WorkspaceId id,
                                                      api::DelegationNote note) {
  if (!note.target_id || !note.task || note.task->empty() || !note.delegation_id) {
    throw bad_request("invalid_delegation", "target_id, task and delegation_id are required");
  }
  check_work(note.task, note.idempotency_key);
  auth::require_present(directory_, id);
  require_target(id, *note.target_id);
  Delegation delegation;
  delegation.delegation_id = *note.delegation_id;
  delegation.source_id = id;
  delegation.target_id = *note.target_id;
  delegation.task = *note.task;
  delegation.status = Status::dispatched;
  delegation.created_at = clock_.now();
  auto earlier = co_await db_.write([&, this](sql::Tx& tx) {
    auto known = tx.optional(store::find, delegation.delegation_id);
    if (known && known->source_id != id)
      throw conflict("delegation_exists", "delegation_id is in use");
    if (known) require_same(*known, delegation, "delegation_exists", "delegation_id");
    auto under_key = earlier_under(tx, note.idempotency_key, delegation);
    if (known || under_key) return known ? known : under_key;
    tx.post(store::insert, delegation.delegation_id, id, delegation.target_id,
            std::string_view(delegation.task), delegation.status, note.idempotency_key,
            delegation.created_at, std::nullopt);
    sent_event(tx, log_, delegation);
    return known;
  });
  api::Delegated out{
      earlier ? earlier->delegation_id : delegation.delegation_id, "recorded", {}, {}};
  if (earlier) out.idempotent_hit = true;
  co_return http::Reply<api::Delegated>{202, std::move(out)};
}

io::Task<api::Delegated> Service::update(auth::Self::Caller, WorkspaceId id,
                                         DelegationId delegation, api::DelegationUpdate update) {
  if (update.status != "completed" && update.status != "failed") {
    throw bad_request("invalid_status", "status must be 'completed' or 'failed'");
  }
  bool ok = update.status == "completed";
  std::string text = (ok ? update.response_preview : update.error).value_or("");
  co_await db_.write([&, this](sql::Tx& tx) {
    auto found = tx.optional(store::find, delegation);
    if (!found || found->source_id != id) throw not_found("delegation");
    if (outcomes_.finish(tx, *found, ok ? Status::completed : Status::failed, text)) return;
    // It has ended: the same words again change nothing, and others do not either.
    const bool same = ok == (found->status == Status::completed) &&
                      (text.empty() || text == (ok ? found->result : found->error));
    if (!same) {
      throw conflict("delegation_ended",
                     fmt::format("the delegation is already {} with other words; the first result "
                                 "is its result",
                                 enum_text(found->status)));
    }
  });
  co_return api::Delegated{delegation, *update.status, {}, {}};
}

io::Task<void> Service::prune(std::chrono::hours retention, std::chrono::nanoseconds budget) {
  const Instant before = clock_.now() - retention;
  const auto until = clock_.monotonic() + budget;
  do {
    auto change = [this, before](sql::Tx& tx) {
      return outcomes_.prune(tx, pruned_, before, slice_max);
    };
    pruned_ = co_await db_.write(std::move(change));
  } while (pruned_ != DelegationId() && clock_.monotonic() < until);
}

}  // namespace molecule::delegations
