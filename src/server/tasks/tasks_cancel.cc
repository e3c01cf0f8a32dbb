// Calling a task off. What waits ends in one transaction; what an agent has is asked of the agent,
// and its word ends it. An agent that is at a message and has told of no task yet may have no word
// to give: then it is ended here, which closes the way to its agent.
#include "platform/json/json.h"
#include "server/proxy/settle.h"
#include "server/tasks/tasks_service.h"

namespace molecule::tasks {
namespace {

using messages::State;

// A message may have moved between two looks at it: taken up, come back, or ended.
constexpr int tries_max = 4;

bool is_end(std::string_view state) { return a2a::outcome_of(state) != a2a::Outcome::unfinished; }

// Nobody says again what was said before.
Fault ended_before(const proxy::Standing& standing) {
  return a2a::task_not_cancelable(
      fmt::format("the task is {} already ({})", standing.state, standing.word));
}

// Of a message that waits: it may wait to be brought again.
bool may_be_seen(const messages::Record& record) {
  return record.delivery->attempts > 0 || record.delivery->why == messages::at_work_why;
}

std::string why_canceled(const messages::Record& record, bool polled) {
  if (polled) return "it was canceled before its agent answered it; the agent may have fetched it";
  if (may_be_seen(record))
    return "it was canceled while it waited to be brought again; its agent may have seen it and is "
           "told to stop";
  return "it was canceled before its agent was given it";
}

// What an agent says that knows of no such task, or of no such question.
bool knows_nothing(std::string_view body) {
  constexpr int task_not_found = -32001;
  constexpr int method_not_found = -32601;
  constexpr int unsupported = -32004;
  const auto code = a2a::error_code(body);
  return code && (*code == task_not_found || *code == method_not_found || *code == unsupported);
}

}  // namespace

io::Task<std::string> Service::cancel(const Asker& asker, const a2a::TaskCall& call) {
  bool asked = false;  // Its agent, by us.
  for (int tries = 0; tries < tries_max; ++tries) {
    Found found = co_await find(asker, call.id);
    const proxy::Standing standing = proxy::standing_of(found.record, found.known(), false);
    if (found.record.outcome && !found.goes_on()) {
      // Its agent may have ended it so before we could write what it said to us.
      if (!asked || found.record.outcome->end != messages::End::canceled)
        throw ended_before(standing);
      const a2a::TaskForm ended{call.generation, call.history_length, true};
      co_return co_await told(std::move(found), ended);
    }
    const bool waits = found.record.delivery && found.record.delivery->state == State::open;
    std::optional<Found> canceled;
    if (waits) {
      canceled = co_await call_off(asker, std::move(found));
    } else {
      asked = true;
      canceled = co_await ask_to_stop(asker, std::move(found));
    }
    const a2a::TaskForm form{call.generation, call.history_length, true};
    if (canceled) co_return co_await told(std::move(*canceled), form);
  }
  throw a2a::task_not_cancelable("the task is being taken up and given back; try again");
}

io::Task<std::optional<Service::Found>> Service::call_off(const Asker& asker, Found found) {
  const messages::Message& message = found.record.message;
  messages::Outcome outcome;
  outcome.end = messages::End::canceled;
  outcome.by = asker.by;
  const bool polled = proxy_.is_polled(message.target);
  const bool seen = !polled && may_be_seen(found.record);
  outcome.error = why_canceled(found.record, polled);
  const Instant now = clock_.now();
  outcome.duration_ms = (now - message.created_at).count() / 1000;
  a2a::TaskFacts facts;
  facts.id = message.id().text();
  facts.context_id = message.context_id.value_or(facts.id);
  facts.state = "canceled";
  facts.at = now;
  facts.says = *outcome.error;
  outcome.body =
      RawJson(a2a::canceled_answer(a2a::generation_of(message.method), message.rpc_id, facts));
  const std::string id = found.id;
  auto ended = co_await db_.write([&, this](sql::Tx& tx) {
    std::optional<Found> out;
    if (!ledger_.end_open(tx, message, outcome)) return out;
    if (seen && untold_) untold_(tx, message.seq);
    out = look_up(tx, asker, id);
    return out;
  });
  // The next of its sender may go out.
  if (ended) proxy_.go_on(message.target);
  co_return ended;
}

io::Task<std::optional<Service::Found>> Service::let_go(const Asker& asker, Found found,
                                                        bool away) {
  const messages::Message& message = found.record.message;
  messages::Outcome outcome;
  outcome.end = messages::End::canceled;
  outcome.by = asker.by;
  outcome.error =
      away
          ? "it was canceled while its agent was at it; the agent could not be reached, so it may go "
            "on for itself until it is back and is told to stop"
          : "it was canceled while its agent was at it; the agent had told of no task that it could "
            "be asked to stop, so the connection to it was closed, and it may go on for itself";
  outcome.duration_ms = (clock_.now() - message.created_at).count() / 1000;
  a2a::TaskFacts facts;
  facts.id = message.id().text();
  facts.context_id = message.context_id.value_or(facts.id);
  facts.state = "canceled";
  facts.at = clock_.now();
  facts.says = *outcome.error;
  outcome.body =
      RawJson(a2a::canceled_answer(a2a::generation_of(message.method), message.rpc_id, facts));
  const std::string id = found.id;
  auto ended = co_await db_.write([&, this](sql::Tx& tx) {
    std::optional<Found> out;
    // It may have told of its task meanwhile.
    if (tasks_.of(tx, message.seq) || !ledger_.call_off(tx, message, outcome)) return out;
    if (away && untold_) untold_(tx, message.seq);
    out = look_up(tx, asker, id);
    return out;
  });
  if (ended) proxy_.go_on(message.target);
  co_return ended;
}

io::Task<std::optional<Service::Found>> Service::ask_to_stop(const Asker& asker, Found found) {
  const messages::Message& message = found.record.message;
  auto said = co_await proxy_.ask(message, a2a::TaskRequest::cancel,
                                  found.row ? found.row->task_id : std::string(),
                                  found.row ? found.row->context_id : std::string());
  // Its own answer may have come meanwhile, or it has come back.
  const Found now = co_await find(asker, found.id);
  if (now.record.outcome && now.record.outcome->end == messages::End::canceled) co_return now;
  const bool moved = now.record.delivery.has_value() != found.record.delivery.has_value() ||
                     (now.record.delivery && now.record.delivery->state == State::open);
  if (moved) co_return std::nullopt;
  const bool untold = !found.row && !found.record.outcome;
  if (untold &&
      (!said || said->end != proxy::Carried::End::answered || knows_nothing(said->answer.body))) {
    const bool away = !said || said->end == proxy::Carried::End::not_now;
    co_return co_await let_go(asker, std::move(found), away);
  }
  if (!said)
    throw a2a::task_not_cancelable("its agent has it, and there is no way to ask it to stop");
  if (said->end != proxy::Carried::End::answered) {
    if (said->end == proxy::Carried::End::refused)
      throw a2a::task_not_cancelable("its agent does not stop it: " + said->error);
    throw Fault(Kind::bad_gateway, "agent_unreachable",
                "its agent has it and could not be asked to stop: " + said->error);
  }
  std::string task = co_await task_in(RawJson(std::move(said->answer.body)));
  if (task.empty()) {
    throw a2a::task_not_cancelable(
        "its agent does not stop it: " +
        (said->answer.error.empty() ? std::string("it answers with no task") : said->answer.error));
  }
  const auto& seen = said->answer.task;
  const std::string state = seen ? seen->state : std::string();
  if (is_end(state) && state != "canceled" && !state.empty())
    throw a2a::task_not_cancelable(fmt::format("its agent's task is {} already", state));
  messages::AgentTask known{seen ? seen->id : std::string(), seen ? seen->context_id : "", state};
  if (found.row) {
    known.id = found.row->task_id;
    known.context_id = found.row->context_id;
  }
  messages::Outcome outcome;
  outcome.end = messages::End::canceled;
  outcome.by = asker.by;
  outcome.error = "its agent stopped it when it was canceled";
  outcome.duration_ms = (clock_.now() - message.created_at).count() / 1000;
  outcome.task = known;
  a2a::TaskFacts facts;
  facts.id = known.id.empty() ? message.id().text() : known.id;
  facts.context_id = known.context_id.empty() ? message.context_id.value_or(message.id().text())
                                              : known.context_id;
  facts.state = "canceled";
  facts.at = clock_.now();
  facts.says = *outcome.error;
  facts.answer = task;
  outcome.body =
      RawJson(a2a::canceled_answer(a2a::generation_of(message.method), message.rpc_id, facts));
  const std::string id = found.id;
  auto out = co_await db_.write([&, this](sql::Tx& tx) {
    std::optional<Found> after;
    // Who asked how it stands at the same time may have heard its end.
    const auto row = tasks_.of(tx, message.seq);
    if (found.row && row && row->state != found.row->state) return look_up(tx, asker, id);
    if (state != "canceled") {
      // It is about to stop, and says how it stands until then.
      if (!state.empty() && !known.id.empty()) ledger_.note(tx, message.seq, known);
      after = look_up(tx, asker, id);
    } else if (found.record.outcome) {
      ledger_.note(tx, message.seq, known);
      ledger_.amend(tx, message, outcome);
      after = look_up(tx, asker, id);
    } else if (ledger_.call_off(tx, message, outcome)) {
      after = look_up(tx, asker, id);
    }
    return after;
  });
  if (out) {
    out->heard = std::move(task);
    proxy_.go_on(message.target);
  }
  co_return out;
}

}  // namespace molecule::tasks
