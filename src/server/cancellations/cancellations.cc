#include "server/cancellations/cancellations.h"

#include <algorithm>

#include "server/proxy/standing.h"
#include "wire/a2a/task.h"

namespace molecule::cancellations {
namespace {

constexpr std::int64_t walked_at_once = 32;  // Messages whose own are looked at in one transaction.
constexpr std::string_view why_below = "it was canceled with the message whose work it was part of";

}  // namespace

void Cancellations::note(sql::Tx& tx, std::int64_t message) {
  tx.post(store::insert, message, clock_.now());
  if (wake_) tx.after_commit([this] { wake_(); });
}

bool Cancellations::stop(sql::Tx& tx, const messages::Record& record, std::string_view why,
                         std::string_view by) {
  if (!record.delivery) return false;
  const messages::Message& message = record.message;
  const bool seen =
      record.delivery->state == messages::State::leased || record.delivery->attempts > 0;
  const Instant now = clock_.now();
  messages::Outcome outcome;
  outcome.end = messages::End::canceled;
  outcome.error = std::string(why);
  outcome.by = by;
  if (seen) *outcome.error += "; its agent may have seen it and is told to stop";
  outcome.duration_ms = (now - message.created_at).count() / 1000;
  const auto known = tasks_.of(tx, message.seq);
  a2a::TaskFacts facts;
  facts.id = known ? known->task_id : message.id().text();
  facts.context_id = message.context_id.value_or(known ? known->context_id : message.id().text());
  facts.state = "canceled";
  facts.at = now;
  facts.says = *outcome.error;
  outcome.body =
      RawJson(a2a::canceled_answer(a2a::generation_of(message.method), message.rpc_id, facts));
  if (!ledger_.call_off(tx, message, outcome)) return false;
  if (seen) tx.post(store::tell, message.seq, clock_.steady());
  return true;
}

void Cancellations::see_to(sql::Tx& tx, std::int64_t message, Walked& walked) {
  auto record = ledger_.head(tx, message);
  if (!record) return;
  if (!record->message.answer && stop(tx, *record, why_below)) {
    ++walked.stopped;
    walked.freed.push_back(record->message.target);
    return;
  }
  leave(tx, *record);
}

void Cancellations::leave(sql::Tx& tx, const messages::Record& record) {
  const std::int64_t message = record.message.seq;
  note(tx, message);
  const auto task = tasks_.of(tx, message);
  std::optional<proxy::Known> known;
  if (task) known = proxy::Known{task->state, task->changed_at};
  // Its agent has answered and is still at it: what it says about stopping is recorded.
  if (proxy::goes_on(record, known)) tx.post(store::tell, message, clock_.steady());
}

Cancellations::Walked Cancellations::walk(sql::Tx& tx, std::int64_t from, std::int64_t slice) {
  Walked out;
  const auto rows = tx.all(store::to_walk, from, walked_at_once);
  out.over = rows.empty();
  std::int64_t room = slice;
  for (const store::ToWalk& row : rows) {
    if (room <= 0) break;
    // A broad one leaves room for others.
    const std::int64_t most = std::min(room, std::max<std::int64_t>(1, slice / 4));
    const auto below = tx.all(store::below, row.message, row.walked, most);
    for (std::int64_t message : below) see_to(tx, message, out);
    std::optional<std::int64_t> walked;
    if (std::ssize(below) == most) walked = below.back();
    tx.post(store::walk, row.message, walked);
    out.at = row.message;
    room -= std::ssize(below);
  }
  return out;
}

void Cancellations::accepted(sql::Tx& tx, const messages::NewMessage& message,
                             const messages::Place&, messages::State) {
  if (!message.parent || message.answer) return;
  if (!tx.optional(store::find, *message.parent)) return;
  throw conflict("task_canceled",
                 "the message whose work this is part of was canceled; stop working on it, or send "
                 "this without X-Molecule-Activity-Id if it is no part of that");
}

void Cancellations::tasked(sql::Tx& tx, std::int64_t message, const messages::AgentTask& task) {
  if (task.state == "canceled") note(tx, message);
}

void Cancellations::ended(sql::Tx& tx, const messages::Message& message,
                          const messages::Outcome& outcome) {
  if (outcome.end == messages::End::canceled) note(tx, message.seq);
}

}  // namespace molecule::cancellations
