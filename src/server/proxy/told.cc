#include "server/proxy/told.h"

#include "platform/json/json.h"
#include "server/activity/feed.h"
#include "server/proxy/refusal.h"

namespace molecule::proxy {
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

void Told::accepted(sql::Tx& tx, const messages::NewMessage& message, const messages::Place& place,
                    messages::State) {
  if (message.source) return;
  events::UserMessage told{std::string(message.message_id),
                           activity::preview(message.text, activity::event_body_max),
                           message.target, place.id};
  if (!message.by.empty()) told.by = std::string(message.by);
  log_.append(tx, events::event<events::Type::USER_MESSAGE>(message.target, told));
}

void Told::ended(sql::Tx& tx, const messages::Message& message, const messages::Outcome& outcome) {
  if (message.source) return;
  events::Answered payload;
  if (outcome.body.empty()) {
    payload.response_body = RawJson(json::text(refusal_of(outcome)));
  } else if (outcome.body.text.size() <= activity::event_answer_max &&
             !messages::is_beginning(outcome.body.text)) {
    payload.response_body = outcome.body;
  } else {
    // The rest is in the activity row.
    payload.response_body = beginning(outcome.text);
    payload.truncated = true;
  }
  payload.method = message.method;
  if (outcome.duration_ms) payload.duration_ms = *outcome.duration_ms;
  payload.message_id = message.message_id;
  payload.activity_id = message.id();
  if (!outcome.by.empty()) payload.by = outcome.by;
  log_.append(tx, events::event<events::Type::A2A_RESPONSE>(message.target, payload));
}

}  // namespace molecule::proxy
