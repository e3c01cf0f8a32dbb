#include "server/proxy/refusal.h"

#include "platform/json/json.h"

namespace molecule::proxy {

Refusal refusal_of(const Carried& carried) {
  return {carried.error, carried.code, carried.status >= 400 ? carried.status : 502,
          carried.delivered};
}

Refusal given_up(const Carried& carried, std::string why) {
  Refusal refusal = refusal_of(carried);
  refusal.error = std::move(why);
  if (refusal.http_status == 429 || refusal.http_status == 503) refusal.http_status = 502;
  return refusal;
}

Refusal refusal_of(const messages::Outcome& outcome) {
  using messages::End;
  Refusal refusal;
  refusal.error = outcome.error.value_or("the agent failed");
  switch (outcome.end) {
    case End::answered:
    case End::failed: refusal.code = "agent_failed"; break;
    case End::dead: refusal.code = "undeliverable"; break;
    case End::expired:
      refusal.code = "message_expired";
      refusal.http_status = 504;
      refusal.delivery_confirmed = false;
      break;
    case End::removed:
      refusal.code = "workspace_removed";
      refusal.http_status = 410;
      refusal.delivery_confirmed = false;
      break;
  }
  return refusal;
}

std::optional<Refusal> refusal_in(const messages::Outcome& outcome) {
  Refusal refusal = refusal_of(outcome);
  // There is no more than the sentence of what the platform ended, and of rows of earlier versions.
  if (outcome.body.empty()) {
    if (outcome.end == messages::End::answered) return std::nullopt;
    return refusal;
  }
  json::Document document =
      json::Document::parse(outcome.body.text, {.bytes = 64u << 20, .nul = json::Nul::kept});
  if (!document.root().find("http_status") || document.root().find("jsonrpc")) return std::nullopt;
  json::read_into(document.root(), refusal, json::Path{});
  return refusal;
}

http::Response response_of(const Refusal& refusal, std::string_view message_id) {
  json::Object members;
  members.add("delivery_confirmed", refusal.delivery_confirmed).add("message_id", message_id);
  return http::error_response(refusal.http_status, refusal.code, refusal.error, members.members());
}

}  // namespace molecule::proxy
