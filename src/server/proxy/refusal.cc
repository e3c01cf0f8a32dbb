#include "server/proxy/refusal.h"

#include "platform/json/json.h"

namespace molecule::proxy {

using activity::Mail;

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

std::optional<Refusal> refusal_in(const activity::store::Message& message) {
  bool over = message.mail == Mail::dead || message.mail == Mail::settled;
  if (!over) return std::nullopt;
  Refusal refusal;
  refusal.code = message.mail == Mail::dead ? "undeliverable" : "agent_failed";
  refusal.error = message.error_detail.value_or("the agent failed");
  // Rows of earlier versions have no more than the sentence.
  if (!message.response_body) {
    if (message.mail == Mail::settled && message.status == "ok") return std::nullopt;
    return refusal;
  }
  json::Document document =
      json::Document::parse(*message.response_body, {.bytes = 64u << 20, .nul = json::Nul::kept});
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
