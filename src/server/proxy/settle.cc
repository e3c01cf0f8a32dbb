#include "server/proxy/settle.h"

#include "platform/json/json.h"
#include "server/proxy/refusal.h"

namespace molecule::proxy {

using messages::End;
using messages::Lease;
using messages::Message;
using messages::Outcome;

messages::AgentTask task_of(const a2a::TaskSeen& seen) {
  return {seen.id, seen.context_id, seen.state.empty() ? "unknown" : seen.state};
}

Outcome Settler::outcome_of(const Message& message, const a2a::Answer& answer) const {
  const bool failed = answer.outcome == a2a::Outcome::failed;
  const bool canceled = failed && answer.task && answer.task->state == "canceled";
  Outcome outcome;
  outcome.end = canceled ? End::canceled : failed ? End::failed : End::answered;
  if (answer.task) outcome.task = task_of(*answer.task);
  outcome.body = RawJson(answer.body);
  outcome.trace = answer.tool_trace;
  outcome.text = answer.text;
  if (failed) outcome.error = answer.error;
  if (answer.outcome == a2a::Outcome::unfinished) outcome.unfinished = answer.error;
  outcome.duration_ms = (clock_.now() - message.created_at).count() / 1000;
  return outcome;
}

bool Settler::record_answer(sql::Tx& tx, const Message& message, const a2a::Answer& answer,
                            bool under_way) {
  const Outcome outcome = outcome_of(message, answer);
  if (under_way) return ledger_.call_off(tx, message, outcome);
  return ledger_.end_open(tx, message, outcome);
}

void Settler::amend(sql::Tx& tx, const Message& message, const a2a::Answer& answer) {
  ledger_.amend(tx, message, outcome_of(message, answer));
}

// An agent that says "later" has not begun; whatever is between it and us may have passed it on.
Settled Settler::try_again(sql::Tx& tx, const Message& message, Lease lease,
                           const Carried& carried) {
  messages::Ledger::Returned returned;
  returned.why = carried.at_work ? std::string(messages::at_work_why) : carried.error;
  returned.seen = carried.delivered && carried.status != 429 && carried.status != 503;
  returned.unreached = !carried.delivered;
  returned.at_work = carried.at_work;
  returned.behind = carried.behind;
  returned.after = carried.retry_after;
  returned.told = RawJson(json::text(given_up(carried, carried.error)));
  switch (ledger_.give_back(tx, message, lease, returned)) {
    case messages::Ledger::Back::waits: return Settled::retry;
    case messages::Ledger::Back::expired: return Settled::expired;
    case messages::Ledger::Back::dead: return Settled::dead;
    case messages::Ledger::Back::stale: return Settled::stale;
  }
  return Settled::stale;
}

io::Task<Settled> Settler::settle(Message message, Lease lease, Carried carried) {
  Settled settled = co_await db_.write([&, this](sql::Tx& tx) {
    if (carried.end == Carried::End::not_now) return try_again(tx, message, lease, carried);
    Outcome outcome;
    if (carried.end == Carried::End::answered) {
      outcome = outcome_of(message, carried.answer);
      outcome.beside = carried.beside;
    } else {
      outcome.end = End::failed;
      outcome.error = carried.error;
      outcome.body = RawJson(json::text(refusal_of(carried)));
      outcome.duration_ms = (clock_.now() - message.created_at).count() / 1000;
    }
    return ledger_.end(tx, message, lease, outcome) ? Settled::recorded : Settled::stale;
  });
  co_return settled;
}

}  // namespace molecule::proxy
