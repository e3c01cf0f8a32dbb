#include "server/delegations/delegations_service.h"

#include <utility>

#include "server/delegations/rules.h"
#include "server/workspaces/reach.h"
#include "wire/a2a/a2a.h"

namespace molecule::delegations {
namespace {

constexpr std::int64_t list_max = 50;
constexpr std::int64_t slice_max = 2'000;  // Rows that retention looks at in one transaction.
constexpr std::int64_t wait_max = 30;      // Seconds.
constexpr std::string_view why_canceled = "it was canceled by who delegated it";

constexpr auto table = http::table(
    http::post<auth::Member, &Service::delegate>("/workspaces/{id}/delegate")
        .says("Hands work to a peer; accepted durably with the message that carries it.")
        .gives<api::Delegated>(202)
        .gives<api::Delegated>(200)
        .refuses("invalid_delegation", "foreign_source", "task_too_large",
                 "invalid_idempotency_key", "idempotency_key_reused", "self_delegation",
                 "not_reachable", "workspace_not_found", "mailbox_full", "edge_rate",
                 "loop_stopped", "task_canceled", "budget_exceeded", "workspace_has_no_url"),
    http::post<auth::Self, &Service::delegate_all>("/workspaces/{id}/delegations")
        .body_limit(4u << 20)
        .says("Hands work to several peers at once, each a delegation of its own: all of them are "
              "accepted or none is.")
        .gives<api::DelegatedGroup>(202)
        .gives<api::DelegatedGroup>(200)
        .refuses("invalid_delegation", "task_too_large", "invalid_idempotency_key",
                 "idempotency_key_reused", "self_delegation", "not_reachable",
                 "workspace_not_found", "mailbox_full", "edge_rate", "loop_stopped",
                 "task_canceled", "budget_exceeded", "workspace_has_no_url"),
    http::get<auth::Self, &Service::group>("/workspaces/{id}/delegations/groups/{group_id}")
        .says("How those stand that were handed over together; `wait` waits until more than "
              "`ended` of them have ended, or all.")
        .refuses("delegation_not_found", "invalid_wait"),
    http::get<auth::Self, &Service::list>("/workspaces/{id}/delegations")
        .says("The newest delegations from and to a workspace.")
        .gives<std::vector<api::Delegation>>(),
    http::post<auth::Holder, &Service::record>("/workspaces/{id}/delegations/record")
        .says("Notes work that was handed over elsewhere.")
        .gives<api::Delegated>(202)
        .refuses("invalid_delegation", "task_too_large", "delegation_exists", "self_delegation",
                 "not_reachable", "workspace_not_found"),
    http::get<auth::Self, &Service::get>("/workspaces/{id}/delegations/{delegation_id}")
        .says("One delegation, whole; `wait` waits for its end.")
        .refuses("delegation_not_found", "invalid_wait"),
    http::post<auth::Holder, &Service::update>(
        "/workspaces/{id}/delegations/{delegation_id}/update")
        .says("Notes how noted work ended.")
        .refuses("invalid_status", "delegation_not_found", "delegation_ended"),
    http::post<auth::Self, &Service::cancel>("/workspaces/{id}/delegations/{delegation_id}/cancel")
        .says("Calls a delegation off, with what was asked because of it; whoever has it is told "
              "to stop.")
        .refuses("delegation_not_found", "delegation_ended"));

}  // namespace

const std::span<const http::Route> routes = table;

// One rule for work that is handed over here and for work that is only noted.
void Service::require_target(WorkspaceId source, WorkspaceId target) const {
  if (target == source) throw bad_request("self_delegation", "self-delegation not permitted");
  workspaces::require_reachable(parts_.directory, source, target);
}

io::Task<Service::Handing> Service::admit(WorkspaceId source, WorkspaceId target, std::string task,
                                          const http::Request& request) {
  require_target(source, target);
  Handing handing;
  Delegation& delegation = handing.delegation;
  delegation.delegation_id = parts_.random.id<DelegationId>();
  delegation.source_id = source;
  delegation.target_id = target;
  delegation.task = std::move(task);
  delegation.created_at = parts_.clock.now();
  const std::string text_id = delegation.delegation_id.text();
  json::Object metadata;
  metadata.add("delegation_id", text_id).add("source_workspace_id", source);
  std::string body =
      a2a::text_request('"' + text_id + '"', text_id, "user", delegation.task, metadata.members());
  std::optional<std::string> parent;
  if (auto header = request.header("X-Molecule-Activity-Id")) parent = std::string(*header);
  handing.admission =
      co_await parts_.proxy.admit(source, target, std::move(body), std::move(parent));
  delegation.status =
      handing.admission.target.way == proxy::Way::waits ? Status::queued : Status::dispatched;
  co_return handing;
}

void Service::accept(sql::Tx& tx, Handing& handing, const std::optional<std::string>& key) {
  Delegation& delegation = handing.delegation;
  activity::NewReport row;
  row.workspace = delegation.source_id;
  row.activity_type = "delegation";
  row.source = delegation.source_id;
  row.target = delegation.target_id;
  row.method = "delegate";
  row.summary = "Delegated to " + handing.admission.target.name + ": " +
                activity::preview(delegation.task, 160);
  row.request_body = json::Object{}
                         .add("task", delegation.task)
                         .add("delegation_id", delegation.delegation_id)
                         .raw();
  row.status = enum_text(delegation.status);
  const messages::Place place = parts_.feed.record(tx, row);
  handing.accepted = parts_.proxy.accept(tx, handing.admission, delegation.delegation_id);
  delegation.activity_seq = place.seq;
  delegation.message_seq = handing.accepted.place.seq;
  delegation.message_at = handing.accepted.place.created_at;
  tx.post(store::insert, delegation.delegation_id, delegation.source_id, delegation.target_id,
          std::string_view(delegation.task), delegation.status, key, delegation.created_at,
          delegation.activity_seq, delegation.message_seq, delegation.group_id, delegation.group_at,
          delegation.group_size);
  sent_event(tx, parts_.log, delegation, handing.admission.parent_id, handing.by);
  status_event(tx, parts_.log, delegation);
}

// In the background, on the loop of who asked.
io::Task<void> Service::dispatch(Handing handing) {
  io::Context here = co_await io::context();
  for (io::Scope* scope : scopes_) {
    if (&scope->loop() != here.loop) continue;
    scope->spawn("delegation",
                 parts_.proxy.dispatch(std::move(handing.admission), std::move(handing.accepted)));
    break;
  }
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
  if (!who) auth::require_present(parts_.directory, source);
  Handing handing = co_await admit(source, *target, std::move(*ask.task), request);
  handing.by = caller.by();
  auto earlier = co_await parts_.db.write([&, this](sql::Tx& tx) {
    auto same = earlier_under(tx, ask.idempotency_key, handing.delegation);
    if (!same) accept(tx, handing, ask.idempotency_key);
    return same;
  });
  if (earlier) {
    api::Delegated hit = handed(*earlier, enum_text(earlier->status));
    hit.idempotent_hit = true;
    co_return http::Reply<api::Delegated>{200, std::move(hit)};
  }
  api::Delegated out = handed(handing.delegation, "delegated");
  co_await dispatch(std::move(handing));
  co_return http::Reply<api::Delegated>{202, std::move(out)};
}

io::Task<std::vector<api::Delegation>> Service::list(auth::Self::Caller, WorkspaceId id) {
  auto query = [id](sql::Read& read) { return read.all(store::of_workspace, id, list_max); };
  auto found = co_await parts_.db.read(std::move(query));
  std::vector<api::Delegation> out;
  for (const auto& delegation : found) out.push_back(shown(delegation, id, false));
  co_return out;
}

io::Task<api::Delegation> Service::get(auth::Self::Caller, WorkspaceId id, DelegationId delegation,
                                       http::Query<Wait> wait) {
  const auto limit = wait.value.wait.patience(wait_max);
  io::Context here = co_await io::context();
  events::Patience patience(parts_.hubs.of(*here.loop), parts_.clock, limit);
  for (;;) {
    std::uint64_t pulse = parts_.feed.pulse(id);
    auto query = [delegation](sql::Read& read) { return read.optional(store::find, delegation); };
    auto found = co_await parts_.db.read(std::move(query));
    if (!found || (found->source_id != id && found->target_id != id)) throw not_found("delegation");
    if (finished(found->status)) {
      api::Delegation out = shown(*found, id, true);
      if (!found->message_seq) co_return out;
      // Read where it may take its time.
      auto files = co_await parts_.db.read([&](sql::Read& read) {
        return files_of(read.optional(store::answer, *found->message_seq).value_or(""));
      });
      if (!files.empty()) out.files = std::move(files);
      co_return out;
    }
    if (patience.over()) co_return shown(*found, id, true);
    while (!patience.over() && parts_.feed.pulse(id) == pulse) co_await patience.wait();
  }
}

io::Task<http::Reply<api::Delegated>> Service::record(auth::Holder::Caller caller, WorkspaceId id,
                                                      api::DelegationNote note) {
  if (!note.target_id || !note.task || note.task->empty() || !note.delegation_id) {
    throw bad_request("invalid_delegation", "target_id, task and delegation_id are required");
  }
  check_work(note.task, note.idempotency_key);
  auth::require_present(parts_.directory, id);
  require_target(id, *note.target_id);
  Delegation delegation;
  delegation.delegation_id = *note.delegation_id;
  delegation.source_id = id;
  delegation.target_id = *note.target_id;
  delegation.task = *note.task;
  delegation.status = Status::dispatched;
  delegation.created_at = parts_.clock.now();
  const json::Omit<std::string> by = caller.by();
  auto earlier = co_await parts_.db.write([&, this](sql::Tx& tx) {
    auto known = tx.optional(store::find, delegation.delegation_id);
    if (known && known->source_id != id)
      throw conflict("delegation_exists", "delegation_id is in use");
    if (known) require_same(*known, delegation, "delegation_exists", "delegation_id");
    auto under_key = earlier_under(tx, note.idempotency_key, delegation);
    if (known || under_key) return known ? known : under_key;
    tx.post(store::insert, delegation.delegation_id, id, delegation.target_id,
            std::string_view(delegation.task), delegation.status, note.idempotency_key,
            delegation.created_at, std::nullopt, std::nullopt, std::nullopt, std::nullopt,
            std::nullopt);
    sent_event(tx, parts_.log, delegation, std::nullopt, by);
    return known;
  });
  api::Delegated out{
      earlier ? earlier->delegation_id : delegation.delegation_id, "recorded", {}, {}};
  if (earlier) out.idempotent_hit = true;
  co_return http::Reply<api::Delegated>{202, std::move(out)};
}

io::Task<api::Delegated> Service::update(auth::Holder::Caller caller, WorkspaceId id,
                                         DelegationId delegation, api::DelegationUpdate update) {
  if (update.status != "completed" && update.status != "failed") {
    throw bad_request("invalid_status", "status must be 'completed' or 'failed'");
  }
  bool ok = update.status == "completed";
  std::string text = (ok ? update.response_preview : update.error).value_or("");
  const std::string by = caller.by().value_or("");
  co_await parts_.db.write([&, this](sql::Tx& tx) {
    auto found = tx.optional(store::find, delegation);
    if (!found || found->source_id != id) throw not_found("delegation");
    const Status status = ok ? Status::completed : Status::failed;
    if (parts_.outcomes.finish(tx, *found, status, text, {}, id, by)) return;
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

io::Task<api::Delegated> Service::cancel(auth::Self::Caller caller, WorkspaceId id,
                                         DelegationId delegation) {
  const std::string by = caller.by().value_or("");
  auto canceled = co_await parts_.db.write([&, this](sql::Tx& tx) {
    auto found = tx.optional(store::find, delegation);
    if (!found || found->source_id != id) throw not_found("delegation");
    if (found->status == Status::canceled) return std::move(*found);
    if (finished(found->status)) {
      throw conflict("delegation_ended",
                     fmt::format("the delegation is {} already", enum_text(found->status)));
    }
    std::optional<messages::Record> carried;
    if (found->message_seq) carried = parts_.ledger.head(tx, *found->message_seq);
    const bool stopped = carried && parts_.cancellations.stop(tx, *carried, why_canceled, by);
    // Its agent has answered that it is at it. Of noted work there is nobody to be told.
    if (!stopped && carried) parts_.cancellations.leave(tx, *carried);
    if (!stopped)
      parts_.outcomes.finish(tx, *found, Status::canceled, std::string(why_canceled), {}, {}, by);
    return std::move(*found);
  });
  parts_.proxy.go_on(canceled.target_id);
  co_return handed(canceled, enum_text(Status::canceled));
}

io::Task<void> Service::prune(std::chrono::hours retention, std::chrono::nanoseconds budget) {
  const Instant before = parts_.clock.now() - retention;
  const auto until = parts_.clock.monotonic() + budget;
  do {
    auto change = [this, before](sql::Tx& tx) {
      return parts_.outcomes.prune(tx, pruned_, before, slice_max);
    };
    pruned_ = co_await parts_.db.write(std::move(change));
  } while (pruned_ != DelegationId() && parts_.clock.monotonic() < until);
}

}  // namespace molecule::delegations
