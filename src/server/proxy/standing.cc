#include "server/proxy/standing.h"

#include <fmt/format.h>

#include "server/proxy/refusal.h"
#include "wire/a2a/a2a.h"

namespace molecule::proxy {
namespace {

using messages::End;
using messages::State;

constexpr const char* at_work_says =
    "its agent is at work on it; it is brought again until the answer is there";

bool is_end(std::string_view state) { return a2a::outcome_of(state) != a2a::Outcome::unfinished; }

Standing waits(const messages::Record& record, bool polls) {
  const messages::Delivery& delivery = *record.delivery;
  if (delivery.why == messages::at_work_why)
    return {"seen", "working", record.message.created_at, at_work_says};
  Standing out{"waiting", "submitted", record.message.created_at, {}};
  if (delivery.why == messages::fetched_why)
    return {"seen", "submitted", record.message.created_at,
            "its agent has fetched it and has not answered yet"};
  if (polls) {
    out.says = "it waits for its agent to fetch and answer it";
  } else if (delivery.attempts == 0) {
    out.says = "it waits in its agent's mailbox";
  } else {
    out.word = "seen";
    out.says = fmt::format(
        "its agent may have seen it ({} of its deliveries came to no end); it waits to be brought "
        "again",
        delivery.attempts);
  }
  if (delivery.why) out.says += ": " + *delivery.why;
  return out;
}

Standing ended(const messages::Record& record, const std::optional<Known>& task) {
  const messages::Outcome& outcome = *record.outcome;
  Standing out{"answered", "failed", outcome.ended_at, outcome.error.value_or("")};
  switch (outcome.end) {
    case End::answered:
      out.state = task ? task->state : "completed";
      if (task) out.since = task->at;
      if (!is_end(out.state)) out.word = "seen";
      if (out.state == "canceled") out.word = "canceled";
      break;
    case End::failed:
      // An agent's own account of its task, an error of its own, or no answer at all.
      if (task && is_end(task->state) && !refusal_in(outcome)) out.state = task->state;
      if (!task || out.state == "rejected" || refusal_in(outcome)) out.word = "refused";
      break;
    case End::expired: out.word = "expired"; break;
    case End::removed: out.word = "removed"; break;
    case End::dead: out.word = "dead_letter"; break;
    case End::canceled:
      out.word = "canceled";
      out.state = "canceled";
      break;
  }
  return out;
}

}  // namespace

Standing standing_of(const messages::Record& record, const std::optional<Known>& task, bool polls) {
  if (record.outcome) return ended(record, task);
  if (record.delivery->state == State::open) return waits(record, polls);
  if (task) return {"seen", task->state, task->at, "its agent is at it"};
  return {"leased", "working", record.message.created_at, "it is being brought to its agent"};
}

bool goes_on(const messages::Record& record, const std::optional<Known>& task) {
  return record.outcome && record.outcome->end == End::answered && task && !is_end(task->state);
}

bool is_read_on(const messages::Record& record, const std::optional<Known>& task) {
  if (!goes_on(record, task)) return false;
  return task->state == "working" || task->state == "submitted" || task->state == "auth-required";
}

}  // namespace molecule::proxy
