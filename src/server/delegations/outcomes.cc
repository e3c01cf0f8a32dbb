// What became of delegated messages, in the transactions of their ledger.
#include "server/delegations/delegations_service.h"
#include "server/delegations/rules.h"

namespace molecule::delegations {
namespace {

// Its agent can be asked how it stands, and needs nothing from anybody meanwhile.
bool goes_on(const std::optional<messages::AgentTask>& task) {
  return task && !task->id.empty() && (task->state == "working" || task->state == "submitted");
}

// As whoever waits reads them in a message.
std::string file_parts(std::string_view answer) {
  std::string list;
  for (const api::Attachment& file : files_of(answer)) {
    list += list.empty() ? "[" : ",";
    list += json::Object{}.add("kind", "file").add("file", RawJson(json::text(file))).text();
  }
  return list.empty() ? list : list + "]";
}

}  // namespace

bool Outcomes::finish(sql::Tx& tx, const Delegation& delegation, Status status,
                      const std::string& text, std::string_view answer,
                      std::optional<WorkspaceId> author, std::string_view by) {
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
  row.author = author;
  row.method = "delegate_result";
  row.summary = fmt::format("Delegation {}: {}", enum_text(status), activity::preview(text, 160));
  row.request_body = json::Object{}.add("delegation_id", delegation.delegation_id).raw();
  json::Object said;
  said.add("text", text).add("delegation_id", delegation.delegation_id);
  if (std::string parts = file_parts(answer); !parts.empty()) said.add("parts", RawJson(parts));
  row.response_body = said.raw();
  row.duration_ms = took;
  row.status = ok ? "ok" : status == Status::canceled ? "canceled" : "error";
  row.error_detail = error;
  feed_.record(tx, row);
  events::DelegationEnded payload{delegation.delegation_id, delegation.target_id, status, {}, {}};
  if (!by.empty()) payload.by.emplace(by);
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
  const bool at_it =
      outcome.end == messages::End::answered && outcome.unfinished && goes_on(outcome.task);
  if (at_it) {
    if (tx.run(store::progress, *message.delegation, Status::dispatched, clock_.now()) == 0) return;
    if (delegation->status != Status::dispatched)
      stands(tx, std::move(*delegation), Status::dispatched);
  } else if (outcome.end == messages::End::answered && !outcome.unfinished) {
    finish(tx, *delegation, Status::completed, outcome.text, outcome.body.text);
  } else {
    finish(tx, *delegation,
           outcome.end == messages::End::canceled ? Status::canceled : Status::failed,
           outcome.unfinished ? *outcome.unfinished : outcome.error.value_or("the agent failed"),
           outcome.body.text, std::nullopt, outcome.by);
  }
}

bool Outcomes::waits_for(sql::Statements& statements, std::int64_t message) {
  return statements.optional(store::under_way, message).has_value();
}

void Outcomes::heard(sql::Tx& tx, std::int64_t message, const a2a::Answer& answer) {
  if (!answer.task) return;
  const std::string& state = answer.task->state;
  if (state == "working" || state == "submitted") return;
  auto delegation = tx.optional(store::under_way, message);
  if (!delegation) return;
  if (answer.outcome == a2a::Outcome::done) {
    finish(tx, *delegation, Status::completed, answer.text, answer.body);
  } else {
    finish(tx, *delegation, state == "canceled" ? Status::canceled : Status::failed, answer.error,
           answer.body);
  }
}

std::optional<proxy::Service::Wanted> Outcomes::answered_late(sql::Tx& tx,
                                                              const messages::Message& message,
                                                              const a2a::Answer& answer) {
  auto delegation = tx.optional(store::find, *message.delegation);
  if (!delegation || delegation->message_seq != message.seq) return std::nullopt;
  const bool ok = answer.outcome == a2a::Outcome::done;
  if (delegation->status == Status::dispatched) {
    finish(tx, *delegation, ok ? Status::completed : Status::failed, answer.text, answer.body);
    return proxy::Service::Wanted::recorded;
  }
  if ((ok ? delegation->result : delegation->error) == answer.text)
    return proxy::Service::Wanted::known;
  return std::nullopt;
}

void Outcomes::given_up(sql::Tx& tx, std::int64_t message, bool canceled, const std::string& why) {
  auto delegation = tx.optional(store::under_way, message);
  if (delegation) finish(tx, *delegation, canceled ? Status::canceled : Status::failed, why);
}

void Outcomes::waits(sql::Tx& tx, const messages::Message& message, std::string_view) {
  if (!message.delegation) return;
  auto delegation = tx.optional(store::find, *message.delegation);
  if (!delegation || delegation->status == Status::queued) return;
  if (tx.run(store::progress, *message.delegation, Status::queued, clock_.now()) == 0) return;
  stands(tx, std::move(*delegation), Status::queued);
}

void Outcomes::accepted(sql::Tx& tx, const messages::NewMessage& message,
                        const messages::Place& place, messages::State state) {
  if (!message.delegation) return;
  // That of a new delegation is written behind its message.
  auto delegation = tx.optional(store::find, *message.delegation);
  if (!delegation) return;
  const Status status = state == messages::State::leased ? Status::dispatched : Status::queued;
  if (tx.run(store::reopen, *message.delegation, place.seq, status, clock_.now()) == 0) return;
  stands(tx, std::move(*delegation), status);
}

void Outcomes::stands(sql::Tx& tx, Delegation delegation, Status status) {
  delegation.status = status;
  if (delegation.activity_seq)
    feed_.restate(tx, *delegation.activity_seq, enum_text(status), std::nullopt, std::nullopt);
  status_event(tx, log_, delegation);
}

}  // namespace molecule::delegations
