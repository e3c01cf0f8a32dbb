// What the sender of a message is told.
#include "platform/json/json.h"
#include "server/proxy/proxy_service.h"
#include "server/proxy/refusal.h"
#include "server/proxy/standing.h"
#include "wire/a2a/history.h"

namespace molecule::proxy {

using messages::End;

namespace {

api::Receipt accepted_receipt(std::string_view delivery_mode, const a2a::Incoming& message,
                              const messages::Place& place) {
  api::Receipt body;
  body.status = "queued";
  body.delivery_mode = std::string(delivery_mode);
  body.method = message.method;
  body.message_id = message.message_id;
  body.activity_id = place.id;
  return body;
}

api::Receipt queued_receipt(const a2a::Incoming& message, const messages::Place& place) {
  api::Receipt body;
  body.queued = true;
  body.status = "queued";
  body.queue_id = place.id;
  body.method = message.method;
  body.message_id = message.message_id;
  return body;
}

// The task that an answer is.
std::optional<Known> task_in(const messages::Record& record) {
  if (!record.outcome || record.outcome->body.empty()) return std::nullopt;
  auto seen = a2a::task_seen(record.outcome->body.text);
  if (!seen || seen->state.empty()) return std::nullopt;
  return Known{seen->state, record.outcome->ended_at};
}

}  // namespace

http::Response receipt(int status, api::Receipt body, const a2a::Incoming& message,
                       std::string_view state, ActivityId task) {
  body.id = RawJson(message.rpc_id);
  body.result = RawJson(a2a::task_in(message.generation, state, task.text(),
                                     message.context_id.value_or(task.text())));
  return http::Response::json(status, json::text(body));
}

http::Response Service::answer(const Admission& admission, const Accepted& accepted,
                               const Carried& carried, Settled settled) {
  switch (settled) {
    case Settled::retry:
      return answer_queued(
          admission.target.id, admission.message, accepted.place,
          carried.at_work ? carried.error : carried.error + "; the message waits in its mailbox");
    case Settled::expired: {
      messages::Outcome outcome;
      outcome.end = End::expired;
      outcome.error = messages::expired_error;
      return response_of(refusal_of(outcome), admission.message);
    }
    case Settled::dead:
    case Settled::recorded:
    case Settled::stale: break;
  }
  if (carried.end == Carried::End::answered) {
    http::Response response = http::Response::json(200, carried.answer.body);
    if (!admission.extensions_header.empty() && !carried.extensions.empty())
      response.headers.emplace_back(admission.extensions_header, carried.extensions);
    return response;
  }
  Refusal refusal =
      settled == Settled::dead ? given_up(carried, carried.error) : refusal_of(carried);
  return response_of(refusal, admission.message);
}

http::Response Service::answer_queued(const WorkspaceId& target, const a2a::Incoming& message,
                                      const messages::Place& place, std::string_view why) {
  api::Receipt body = queued_receipt(message, place);
  body.queue_depth = std::max<std::int64_t>(1, mailboxes_.waiting(target));
  body.message = std::string(why);
  return receipt(202, std::move(body), message, "submitted", place.id);
}

http::Response Service::answer_polled(const Admission& admission, const messages::Place& place) {
  return receipt(200, accepted_receipt("poll", admission.message, place), admission.message,
                 "submitted", place.id);
}

http::Response Service::answer_under_way(const a2a::Incoming& message,
                                         const messages::Place& place) {
  return receipt(200, accepted_receipt("push-async", message, place), message, "submitted",
                 place.id);
}

void require_same(const Admission& admission, const messages::Record& earlier) {
  if (a2a::same_message(earlier.body.text, admission.message.body)) return;
  throw conflict("message_id_reused",
                 "this messageId was used for a different message; choose a new one");
}

http::Response Service::answer_repeated(const Admission& admission,
                                        const messages::Record& earlier) {
  const messages::Message& message = earlier.message;
  require_same(admission, earlier);
  messages::Place place{message.seq, message.id(), message.created_at};
  if (earlier.outcome) {
    if (auto refusal = refusal_in(*earlier.outcome))
      return response_of(*refusal, admission.message);
    std::string answer = a2a::answer_again(
        earlier.outcome->body.empty() ? "{}" : earlier.outcome->body.text,
        a2a::generation_of(message.method), admission.message.generation, admission.message.rpc_id);
    return http::Response::json(200, std::move(answer));
  }
  const bool polled = directory_.delivery(message.target) == workspaces::Delivery::poll;
  const Standing standing = standing_of(earlier, task_in(earlier), polled);
  if (polled) {
    return receipt(200, accepted_receipt("poll", admission.message, place), admission.message,
                   standing.state, place.id);
  }
  api::Receipt body = queued_receipt(admission.message, place);
  body.queue_depth = mailboxes_.waiting(admission.target.id);
  body.message = "this message was accepted before; " + standing.says;
  return receipt(202, std::move(body), admission.message, standing.state, place.id);
}

// Another end was recorded, and whoever asks again will be told of that one.
io::Task<http::Response> Service::answer_recorded(const Admission& admission,
                                                  const messages::Place& place) {
  auto record =
      co_await db_.read([&, this](sql::Read& read) { return ledger_.find_whole(read, place.seq); });
  if (!record) throw not_found("message");
  co_return co_await shortened(admission.message, answer_repeated(admission, *record));
}

io::Task<http::Response> Service::shortened(const a2a::Incoming& message, http::Response response) {
  if (!message.history_length || response.stream || response.status != 200) co_return response;
  const auto work = [&] { return a2a::with_history(response.body, *message.history_length); };
  if (response.body.size() > io::short_text_max) {
    response.body = co_await aside_.run(work);
  } else {
    response.body = work();
  }
  co_return response;
}

io::Task<api::QueueItem> Service::queued(auth::Member::Caller caller, WorkspaceId id,
                                         ActivityId queue_id) {
  auto record =
      co_await db_.read([&, this](sql::Read& read) { return ledger_.find(read, queue_id); });
  if (!record || record->message.target != id) {
    throw Fault(Kind::not_found, "queue_item_not_found", "queue item not found")
        .with(json::members(api::Retryable{}));
  }
  auto who = caller.workspace();
  if (who && who != record->message.target && who != record->message.source)
    throw forbidden("access denied");
  api::QueueItem item;
  item.queue_id = queue_id;
  item.workspace_id = id;
  item.status = "queued";
  item.enqueued_at = record->message.created_at;
  if (record->delivery) {
    if (record->delivery->state == messages::State::leased) item.status = "dispatched";
    item.attempts = record->delivery->attempts;
    if (record->delivery->why != messages::fetched_why) item.last_error = record->delivery->why;
    item.expires_at = record->delivery->expires_at;
  }
  if (record->outcome) {
    switch (record->outcome->end) {
      case End::answered: item.status = "completed"; break;
      case End::failed: item.status = "failed"; break;
      case End::expired:
      case End::removed:
      case End::dead:
      case End::canceled: item.status = "dropped"; break;
    }
    item.last_error = record->outcome->error;
  }
  if (record->outcome && messages::is_beginning(record->outcome->body.text)) {
    auto whole = co_await db_.read(
        [&, this](sql::Read& read) { return ledger_.find_whole(read, record->message.seq); });
    if (whole) record = std::move(whole);
  }
  if (record->outcome && !record->outcome->body.empty() && !refusal_in(*record->outcome))
    item.response_body = record->outcome->body;
  item.standing =
      standing_of(*record, task_in(*record), directory_.delivery(id) == workspaces::Delivery::poll)
          .word;
  co_return item;
}

}  // namespace molecule::proxy
