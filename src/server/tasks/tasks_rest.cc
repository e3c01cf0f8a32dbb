// HTTP+JSON of A2A 1.0: the same questions by path and query, the same answers without an envelope.
#include <charconv>

#include "platform/json/json.h"
#include "server/proxy/parameters.h"
#include "server/tasks/last_event.h"
#include "server/tasks/tasks_service.h"
#include "wire/a2a/rest.h"
#include "wire/a2a/version.h"

namespace molecule::tasks {
namespace {

constexpr std::string_view own_media = "application/a2a+json";

// In the type that the request is in, or wants.
http::Response answered(const http::Request& request, int status, std::string body) {
  http::Response response = http::Response::json(status, std::move(body));
  for (auto name : {"Content-Type", "Accept"}) {
    auto type = request.header(name);
    if (type && type->find(own_media) != std::string_view::npos) {
      response.content_type = own_media;
      break;
    }
  }
  return response;
}

http::Response refused(const http::Request& request, const Fault& fault) {
  if (const a2a::TaskError* known = a2a::task_error(fault.code())) {
    const std::string details = a2a::error_details(*known, fault.text(), fault.members());
    return answered(request, known->http,
                    a2a::bare_error(known->http, known->status, fault.text(), details));
  }
  const int status = http_status(fault.kind());
  http::Response response =
      answered(request, status,
               a2a::bare_error(status, a2a::status_name(status), fault.text(),
                               a2a::error_details(fault.code(), fault.text())));
  if (auto wait = fault.retry_after())
    response.headers.emplace_back("Retry-After", std::to_string(wait->count()));
  return response;
}

std::optional<std::int64_t> number_in(const http::Request& request, std::string_view name) {
  auto text = request.query_value(name);
  if (!text || text->empty()) return std::nullopt;
  std::int64_t value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc{} && end == text->data() + text->size()) return value;
  throw a2a::invalid_params(fmt::format("{}: expected a whole number", name));
}

a2a::TaskCall about(a2a::TaskMethod method, std::string task = {}) {
  a2a::TaskCall call;
  call.method = method;
  call.generation = a2a::Generation::v10;
  call.id = std::move(task);
  return call;
}

a2a::TaskCall about_push(a2a::PushVerb verb, std::string task, std::string config = {}) {
  a2a::TaskCall call = about(a2a::TaskMethod::push, std::move(task));
  call.push.verb = verb;
  call.push.config_id = std::move(config);
  return call;
}

// What the body and the query say of push notifications.
void read_push(const http::Request& request, a2a::PushCall& call) {
  if (call.verb == a2a::PushVerb::set) {
    json::Document document = json::Document::parse(request.body);
    a2a::read_push_params(document.root(), call);
  }
  if (call.verb != a2a::PushVerb::list) return;
  if (auto size = number_in(request, "pageSize"); size && *size != 0) {
    a2a::TaskFilter bounds;
    a2a::set_page_size(bounds, *size);
    call.page_size = bounds.page_size;
  }
  if (auto token = request.query_value("pageToken"); token && !token->empty())
    call.page_token = std::move(token);
}

void read_query(const http::Request& request, a2a::TaskCall& call) {
  if (call.method == a2a::TaskMethod::push) return read_push(request, call.push);
  if (auto length = number_in(request, "historyLength")) a2a::set_history_length(call, *length);
  if (call.method != a2a::TaskMethod::list) return;
  a2a::TaskFilter& filter = call.filter;
  auto some = [&](std::string_view name) {
    auto value = request.query_value(name);
    return value && !value->empty() ? value : std::nullopt;
  };
  filter.context_id = some("contextId");
  filter.page_token = some("pageToken");
  if (auto state = some("status")) a2a::set_state(filter, *state);
  if (auto since = some("statusTimestampAfter")) a2a::set_since(filter, *since);
  if (auto size = number_in(request, "pageSize")) a2a::set_page_size(filter, *size);
  filter.artifacts = some("includeArtifacts") == "true";
}

}  // namespace

io::Task<http::Response> Service::rest(auth::Member::Caller caller, WorkspaceId id,
                                       const http::Request& request, a2a::TaskCall call) {
  const Asker asker = asker_of(caller, id);
  std::optional<Fault> refusal;
  try {
    a2a::require_version(proxy::version_asked(request), a2a::rest_versions);
    read_query(request, call);
    if (call.method == a2a::TaskMethod::subscribe) {
      auto stream = subscribe(asker, call, last_event_id(request), true);
      co_return co_await stream;
    }
    auto work = answer(asker, call, request);
    std::string result = co_await work;
    co_return answered(request, 200, std::move(result));
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    refusal = fault;
  }
  co_return refused(request, *refusal);
}

io::Task<http::Response> Service::rest_message(auth::Member::Caller caller, WorkspaceId id,
                                               const http::Request& request,
                                               std::string_view method) {
  std::optional<Fault> refusal;
  try {
    a2a::require_version(proxy::version_asked(request), a2a::rest_versions);
    http::Request inner = request;
    std::string body = a2a::enveloped(method, request.body);
    auto respelled = co_await checked(body);
    if (respelled) body = std::move(*respelled);
    inner.body = body;
    const Outgoing outgoing = co_await outgoing_of(caller.workspace(), id, inner.body);
    auto sent = send(caller, id, inner, true, outgoing);
    http::Response response = co_await sent;
    if (response.stream) co_return response;
    a2a::Bare bare;
    if (response.body.size() > io::short_text_max) {
      bare = co_await aside_.run([&] { return a2a::bare_answer(response.body); });
    } else {
      bare = a2a::bare_answer(response.body);
    }
    http::Response out = answered(request, bare.http_status, std::move(bare.body));
    out.headers = std::move(response.headers);
    co_return out;
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    refusal = fault;
  }
  co_return refused(request, *refusal);
}

io::Task<http::Response> Service::rest_send(auth::Member::Caller caller, WorkspaceId id,
                                            const http::Request& request) {
  return rest_message(caller, id, request, "SendMessage");
}

io::Task<http::Response> Service::rest_stream(auth::Member::Caller caller, WorkspaceId id,
                                              const http::Request& request) {
  return rest_message(caller, id, request, "SendStreamingMessage");
}

io::Task<http::Response> Service::rest_list(auth::Member::Caller caller, WorkspaceId id,
                                            const http::Request& request) {
  return rest(caller, id, request, about(a2a::TaskMethod::list));
}

io::Task<http::Response> Service::rest_get(auth::Member::Caller caller, WorkspaceId id,
                                           std::string task, const http::Request& request) {
  return rest(caller, id, request, about(a2a::TaskMethod::get, std::move(task)));
}

io::Task<http::Response> Service::rest_cancel(auth::Member::Caller caller, WorkspaceId id,
                                              std::string task, const http::Request& request) {
  return rest(caller, id, request, about(a2a::TaskMethod::cancel, std::move(task)));
}

io::Task<http::Response> Service::rest_subscribe(auth::Member::Caller caller, WorkspaceId id,
                                                 std::string task, const http::Request& request) {
  return rest(caller, id, request, about(a2a::TaskMethod::subscribe, std::move(task)));
}

io::Task<http::Response> Service::rest_push_set(auth::Member::Caller caller, WorkspaceId id,
                                                std::string task, const http::Request& request) {
  return rest(caller, id, request, about_push(a2a::PushVerb::set, std::move(task)));
}

io::Task<http::Response> Service::rest_push_list(auth::Member::Caller caller, WorkspaceId id,
                                                 std::string task, const http::Request& request) {
  return rest(caller, id, request, about_push(a2a::PushVerb::list, std::move(task)));
}

io::Task<http::Response> Service::rest_push_get(auth::Member::Caller caller, WorkspaceId id,
                                                std::string task, std::string config,
                                                const http::Request& request) {
  return rest(caller, id, request,
              about_push(a2a::PushVerb::get, std::move(task), std::move(config)));
}

io::Task<http::Response> Service::rest_push_erase(auth::Member::Caller caller, WorkspaceId id,
                                                  std::string task, std::string config,
                                                  const http::Request& request) {
  return rest(caller, id, request,
              about_push(a2a::PushVerb::erase, std::move(task), std::move(config)));
}

io::Task<http::Response> Service::rest_card(auth::Member::Caller caller, WorkspaceId id,
                                            const http::Request& request) {
  return rest(caller, id, request, about(a2a::TaskMethod::card));
}

}  // namespace molecule::tasks
