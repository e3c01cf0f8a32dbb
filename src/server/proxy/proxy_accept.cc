// Accepting a message durably, and recording one that is an answer.
#include <algorithm>

#include "platform/json/json.h"
#include "server/activity/feed.h"
#include "server/proxy/proxy_service.h"

namespace molecule::proxy {
namespace {

using messages::State;

// Each but the first follows a message of the same id that came and went in between.
constexpr int accept_tries = 3;

// Whether a message ended with this very answer.
bool says(const std::optional<messages::Outcome>& outcome, const a2a::Answer& answer) {
  return outcome && outcome->body.text == answer.body;
}

}  // namespace

Service::Accepted Service::accept(sql::Tx& tx, const Admission& admission,
                                  std::optional<DelegationId> delegation) {
  // What a lost commit has kept may have to go before it.
  if (!knows())
    throw unavailable("the platform is reading back what its datastore has kept — retry shortly")
        .retry_after(std::chrono::seconds(1));
  const std::string summary =
      fmt::format("{}{} → {}: {}", admission.message.method,
                  admission.by ? " by " + *admission.by : std::string(), admission.target.name,
                  activity::preview(admission.message.text, 160));
  messages::NewMessage row;
  row.target = admission.target.id;
  row.source = admission.source;
  if (admission.by) row.by = *admission.by;
  row.delegation = delegation;
  row.parent = admission.parent;
  row.parent_id = admission.parent_id;
  row.answer = admission.parent && admission.answer;
  row.hops = admission.hops;
  row.method = admission.message.method;
  row.message_id = admission.message.message_id;
  row.key = admission.key;
  row.rpc_id = admission.message.rpc_id;
  row.context_id = admission.message.context_id;
  row.summary = summary;
  row.body = admission.message.body;
  row.text = admission.message.text;
  if (admission.message.expires_in_seconds) {
    row.expires_at = clock_.now() + std::chrono::seconds(std::min<std::int64_t>(
                                        *admission.message.expires_in_seconds, 30LL * 86400));
  }
  const State state = admission.target.way == Way::carried ? State::leased : State::open;
  auto written = ledger_.accept(tx, row, state);
  Accepted accepted;
  accepted.place = written.place;
  accepted.lease = written.lease;
  accepted.earlier = std::move(written.earlier);
  if (accepted.earlier) return accepted;
  if (admission.also) admission.also(tx, written.place, state);
  messages::Message& message = accepted.message;
  message.seq = written.place.seq;
  message.target = row.target;
  message.source = row.source;
  message.delegation = row.delegation;
  message.parent = row.parent;
  message.answer = row.answer;
  message.hops = row.hops;
  message.created_at = written.place.created_at;
  message.method = row.method;
  message.message_id = row.message_id;
  message.rpc_id = row.rpc_id;
  message.context_id = row.context_id;
  return accepted;
}

// Accepts it, or finds the message that another process accepted with the same id.
io::Task<Service::Accepted> Service::accept_once(const Admission& admission) {
  for (int tries = 0; tries < accept_tries; ++tries) {
    try {
      co_return co_await db_.write(
          [&, this](sql::Tx& tx) { return accept(tx, admission, std::nullopt); });
    } catch (const sql::ConstraintViolation& violation) {
      // Looked up below: a handler cannot wait.
      if (!violation.about("message_keys")) throw;
    }
    auto earlier =
        co_await db_.write([&, this](sql::Tx& tx) { return ledger_.taken(tx, admission.key); });
    if (earlier) {
      Accepted accepted;
      accepted.place = {earlier->message.seq, earlier->message.id(), earlier->message.created_at};
      accepted.earlier = std::move(earlier);
      co_return accepted;
    }
  }
  throw unavailable("this message id is being used and given up at the same time; try again");
}

io::Task<std::optional<http::Response>> Service::record_reply(Admission& admission,
                                                              ActivityId reply_to, bool certain) {
  WorkspaceId self = *admission.source;
  WorkspaceId asker = admission.target.id;
  struct Found {
    bool known = false;
    bool recorded = false;
    bool delegated = false;
    bool canceled = false;
    bool late = false;  // The message ended otherwise: given up, refused, or with another answer.
  };
  a2a::Answer answer;
  answer.text = admission.message.text;
  if (admission.message.failed) answer.outcome = a2a::Outcome::failed;
  answer.error = answer.text;
  auto found = co_await db_.write([&, this](sql::Tx& tx) {
    Found outcome;
    auto asked = ledger_.find(tx, reply_to);
    outcome.known = asked && asked->message.target == self && asked->message.source == asker;
    if (!outcome.known) return outcome;
    outcome.delegated = asked->message.delegation.has_value();
    outcome.canceled = asked->outcome && asked->outcome->end == messages::End::canceled;
    if (outcome.canceled) return outcome;
    answer.body = a2a::answer_from(
        admission.message.body, a2a::generation_of(asked->message.method), asked->message.rpc_id);
    outcome.recorded = settler_.record_answer(tx, asked->message, answer, outcome.delegated);
    std::optional<Wanted> late;
    if (!outcome.recorded && outcome.delegated && late_) late = late_(tx, asked->message, answer);
    if (late == Wanted::recorded) outcome.recorded = true;
    outcome.late = !outcome.recorded && !late && !says(asked->outcome, answer);
    return outcome;
  });
  if (!found.known) {
    if (!certain) co_return std::nullopt;
    throw Fault(Kind::not_found, "reply_to_not_found",
                "reply_to names no message that this workspace received from that peer");
  }
  if (found.canceled) {
    api::Receipt body;
    body.status = "canceled";
    body.activity_id = reply_to;
    body.message = "the message was canceled before this answer came, which is recorded nowhere";
    co_return receipt(200, std::move(body), admission.message, "canceled", reply_to);
  }
  // An answer to a delegation is delivered by the delegation; any other goes on to the asker as a
  // message. Also when it was recorded before: a crash may have come between, and the message's own
  // id keeps a repeated one from arriving twice. So does one for which the delegation did not wait.
  if (!found.delegated || found.late) co_return std::nullopt;
  if (found.recorded) probe_.answered.add();
  api::Receipt body;
  body.status = "recorded";
  body.activity_id = reply_to;
  body.duplicate = !found.recorded;
  co_return receipt(200, std::move(body), admission.message, "completed", reply_to);
}

}  // namespace molecule::proxy
