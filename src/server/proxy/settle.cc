#include "server/proxy/settle.h"

#include "platform/json/json.h"
#include "server/proxy/refusal.h"

namespace molecule::proxy {

using activity::store::Message;

namespace {
// A large answer as its event tells it: an answer whose text is the beginning.
RawJson beginning(std::string_view text) {
  json::Object part, result;
  part.add("kind", "text").add("text", activity::preview(text, activity::event_answer_max));
  result.add("kind", "message").add("role", "agent");
  result.add("parts", RawJson("[" + part.text() + "]"));
  return json::Object{}.add("jsonrpc", "2.0").add("result", result.raw()).raw();
}
}  // namespace

void Settler::tell_person(sql::Tx& tx, const Message& message, const RawJson& body,
                          std::string_view text) {
  if (message.source_id) return;
  json::Object payload;
  if (body.text.size() <= activity::event_answer_max) {
    payload.add("response_body", body);
  } else {
    // The rest is in the activity row.
    payload.add("response_body", beginning(text)).add("truncated", true);
  }
  payload.add("method", message.method.value_or("message/send"));
  payload.add("duration_ms", (clock_.now() - message.created_at).count() / 1000);
  payload.add_some("message_id", message.message_id);
  payload.add("activity_id", activity::make_id(message.created_at, message.seq));
  log_.append(tx, {events::Type::A2A_RESPONSE, message.workspace_id, payload.raw()});
}

bool Settler::record_answer(sql::Tx& tx, const Message& message, const a2a::Answer& answer) {
  activity::Result result;
  const bool failed = answer.outcome == a2a::Outcome::failed;
  result.status = failed ? "error" : "ok";
  result.response_body = RawJson(answer.body);
  if (failed) result.error_detail = answer.error;
  result.duration_ms = (clock_.now() - message.created_at).count() / 1000;
  result.tool_trace = answer.tool_trace;
  if (!ledger_.settle(tx, message, result)) return false;
  tell_person(tx, message, result.response_body, answer.text);
  const bool done = answer.outcome == a2a::Outcome::done;
  on_settled_.settled(tx, message, done, done ? answer.text : answer.error);
  return true;
}

Settled Settler::try_again(sql::Tx& tx, const Message& message, const Carried& carried) {
  bool expired = message.expires_at && *message.expires_at <= clock_.now();
  if (message.attempts + 1 >= settings_.attempts_max || expired) {
    std::string why =
        expired ? "the message expired before the agent could be reached" : carried.error;
    RawJson told(json::text(given_up(carried, why)));
    if (!ledger_.bury(tx, message, why, told)) return Settled::stale;
    tell_person(tx, message, told);
    on_settled_.settled(tx, message, false, why);
    return Settled::dead;
  }
  std::chrono::seconds growing =
      settings_.retry_after * (1LL << std::min<std::int64_t>(message.attempts, 10));
  auto wait = std::max(growing, carried.retry_after);
  if (!ledger_.requeue(tx, message, clock_.steady() + wait, carried.error)) return Settled::stale;
  on_settled_.waiting(tx, message);
  return Settled::retry;
}

io::Task<Settled> Settler::settle(Message message, Carried carried) {
  Settled settled = co_await db_.write([&, this](sql::Tx& tx) {
    switch (carried.end) {
      case Carried::End::answered:
        return record_answer(tx, message, carried.answer) ? Settled::recorded : Settled::stale;
      case Carried::End::refused: {
        activity::Result result;
        result.status = "error";
        result.error_detail = carried.error;
        result.response_body = RawJson(json::text(refusal_of(carried)));
        result.duration_ms = (clock_.now() - message.created_at).count() / 1000;
        if (!ledger_.settle(tx, message, result)) return Settled::stale;
        tell_person(tx, message, result.response_body);
        on_settled_.settled(tx, message, false, carried.error);
        return Settled::recorded;
      }
      case Carried::End::not_now: return try_again(tx, message, carried);
    }
    return Settled::stale;
  });
  co_return settled;
}

}  // namespace molecule::proxy
