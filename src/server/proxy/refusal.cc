#include "server/proxy/refusal.h"

#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "wire/a2a/task.h"
#include "wire/api/messages.h"
#include "wire/jsonrpc/jsonrpc.h"

namespace molecule::proxy {
namespace {

// What JSON-RPC calls it: as A2A does where it has an error for it, and else the request's fault,
// or ours and the agent's.
int number_of(std::string_view code, int http_status) {
  if (const a2a::TaskError* known = a2a::task_error(code)) return known->number;
  return http_status >= 500 ? jsonrpc::internal_error : jsonrpc::invalid_request;
}

}  // namespace

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
    case End::canceled:
      refusal.code = "message_canceled";
      refusal.http_status = 409;
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
  json::Document document = json::parse_answer(outcome.body.text);
  if (!document.root().find("http_status") || document.root().find("jsonrpc")) return std::nullopt;
  json::read_into(document.root(), refusal, json::Path{});
  return refusal;
}

http::Response response_of(const Refusal& refusal, const a2a::Incoming& message) {
  const std::string beside =
      json::members(api::DeliveryHint{refusal.delivery_confirmed, message.message_id});
  if (message.rpc) {
    return http::Response::json(
        refusal.http_status,
        a2a::refusal(message.rpc_id, number_of(refusal.code, refusal.http_status), refusal.code,
                     refusal.error, beside));
  }
  return http::error_response(refusal.http_status, refusal.code, refusal.error, beside);
}

Fault in_their_words(Fault fault, std::string_view request) {
  if (fault.body()) return fault;
  auto rpc_id = a2a::rpc_id_in(request);
  if (!rpc_id) return fault;
  std::string body = a2a::refusal(*rpc_id, number_of(fault.code(), http_status(fault.kind())),
                                  fault.code(), fault.text(), fault.members());
  return std::move(fault).body(std::move(body));
}

}  // namespace molecule::proxy
