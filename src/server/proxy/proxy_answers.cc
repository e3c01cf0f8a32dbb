// What the sender of a message is told.
#include "platform/json/json.h"
#include "server/proxy/proxy_service.h"
#include "server/proxy/refusal.h"

namespace molecule::proxy {
namespace {

using activity::Mail;
using activity::store::Message;

}  // namespace

http::Response receipt(int status, json::Object body, const a2a::Incoming& message,
                       std::string_view state, ActivityId task) {
  body.add("jsonrpc", "2.0").add("id", RawJson(message.rpc_id));
  body.add("result", RawJson(a2a::task_in(message.generation, state, task.text(),
                                          message.context_id.value_or(task.text()))));
  return http::Response::json(status, body.text());
}

http::Response Service::answer(const Admission& admission, const Accepted& accepted,
                               const Carried& carried, Settled settled) {
  switch (settled) {
    case Settled::retry:
      probe_.queued.add();
      return answer_queued(admission, accepted.place, carried.error);
    case Settled::dead: probe_.dead.add(); break;
    case Settled::recorded: probe_.answered.add(); break;
    case Settled::stale: break;
  }
  if (carried.end == Carried::End::answered) return http::Response::json(200, carried.answer.body);
  Refusal refusal =
      settled == Settled::dead ? given_up(carried, carried.error) : refusal_of(carried);
  return response_of(refusal, admission.message.message_id);
}

http::Response Service::answer_queued(const Admission& admission, const activity::Place& place,
                                      std::string_view why) {
  json::Object body;
  body.add("queued", true).add("status", "queued").add("queue_id", place.id);
  body.add("queue_depth", std::max<std::int64_t>(1, waiting_for(admission.target.id)));
  body.add("message", fmt::format("{}; the message waits in its mailbox", why));
  body.add("method", admission.message.method).add("message_id", admission.message.message_id);
  return receipt(202, std::move(body), admission.message, "submitted", place.id);
}

http::Response Service::answer_polled(const Admission& admission, const activity::Place& place) {
  json::Object body;
  body.add("status", "queued").add("delivery_mode", "poll").add("method", admission.message.method);
  body.add("message_id", admission.message.message_id).add("activity_id", place.id);
  return receipt(200, std::move(body), admission.message, "submitted", place.id);
}

http::Response Service::answer_under_way(const a2a::Incoming& message,
                                         const activity::Place& place) {
  json::Object body;
  body.add("status", "queued").add("delivery_mode", "push-async").add("method", message.method);
  body.add("message_id", message.message_id).add("activity_id", place.id);
  return receipt(200, std::move(body), message, "submitted", place.id);
}

http::Response Service::answer_repeated(const Admission& admission, const Message& earlier) {
  if (!a2a::same_parts(earlier.request_body.text, admission.message.body)) {
    throw conflict("message_id_reused",
                   "this messageId was used for a different message; choose a new one");
  }
  activity::Place place{earlier.seq, activity::make_id(earlier.created_at, earlier.seq),
                        earlier.created_at};
  switch (earlier.mail) {
    case Mail::settled:
    case Mail::dead: {
      if (auto refusal = refusal_in(earlier))
        return response_of(*refusal, admission.message.message_id);
      std::string answer = a2a::answer_again(
          earlier.response_body.value_or("{}"), a2a::generation_of(earlier.method.value_or("")),
          admission.message.generation, admission.message.rpc_id);
      return http::Response::json(200, std::move(answer));
    }
    case Mail::polled: return answer_polled(admission, place);
    case Mail::leased:
    case Mail::queued:
    case Mail::none: break;
  }
  return answer_queued(admission, place, "this message was accepted before and is under way");
}

io::Task<RawJson> Service::queued(auth::Member::Caller caller, WorkspaceId id,
                                  ActivityId queue_id) {
  auto message =
      co_await db_.read([&, this](sql::Read& read) { return ledger_.find(read, queue_id); });
  if (!message || message->workspace_id != id) {
    throw Fault(Kind::not_found, "queue_item_not_found", "queue item not found")
        .with(json::Object{}.add("retryable", true).members());
  }
  auto who = caller.workspace();
  if (who && who != message->workspace_id && who != message->source_id)
    throw forbidden("access denied");
  std::string_view status = "queued";
  switch (message->mail) {
    case Mail::queued:
    case Mail::polled:
    case Mail::none: break;
    case Mail::leased: status = "dispatched"; break;
    case Mail::settled: status = message->status == "ok" ? "completed" : "failed"; break;
    case Mail::dead: status = "dropped"; break;
  }
  json::Object body;
  body.add("queue_id", queue_id).add("workspace_id", id).add("status", status).add("priority", 50);
  body.add("attempts", message->attempts).add("last_error", message->error_detail);
  body.add("enqueued_at", message->created_at).add("expires_at", message->expires_at);
  if (message->mail == Mail::settled && message->response_body && !refusal_in(*message)) {
    body.add("response_body", RawJson(*message->response_body));
  }
  co_return body.raw();
}

}  // namespace molecule::proxy
