#include "server/grpc/grpc_service.h"

#include "platform/grpc/call.h"
#include "platform/grpc/state.h"
#include "platform/io/cancellation.h"
#include "platform/io/scope.h"
#include "platform/protobuf/json_of.h"
#include "server/grpc/events_out.h"
#include "server/proxy/parameters.h"
#include "wire/a2a/rest.h"
#include "wire/a2a/rpc.h"
#include "wire/a2a/version.h"

namespace molecule::grpc {
namespace {

constexpr auto table = http::table(
    http::post<auth::Member, &Service::call>("/lf.a2a.v1.A2AService/{method}")
        .body_limit(16u << 20)
        .says(
            "A2A 1.0 over gRPC (HTTP/2): the methods of lf.a2a.v1.A2AService at the workspace that "
            "tenant names. States and errors are told as gRPC has them.")
        .gives(200, media)
        .answers_in(in_words));

// The endpoint that a call is for.
WorkspaceId endpoint_of(const std::optional<std::string>& tenant) {
  if (!tenant || tenant->empty())
    throw a2a::invalid_params("tenant: the id of the workspace that is asked");
  const auto id = WorkspaceId::parse(*tenant);
  if (!id) throw a2a::invalid_params("tenant: not the id of a workspace");
  return *id;
}

// A fault as A2A has it where it does.
Ending ending_of(const Fault& fault) {
  const a2a::TaskError* known = a2a::task_error(fault.code());
  if (!known) return ending(fault);
  const json::Document details =
      json::Document::parse(a2a::error_details(*known, fault.text(), fault.members()));
  return ending(code_named(known->status), fault.text(), details.root());
}

Ending too_late() {
  return ending(Code::deadline_exceeded, "it took longer than its caller waits");
}

// What a deadline ends is told of it as of any cancellation.
bool ended_from_outside(const io::Context& here) {
  return here.cancellation && here.cancellation->requested();
}

using Events = std::move_only_function<io::Task<void>(http::BodyWriter&)>;

// Passes a stream of events on until it ends, its caller leaves or has waited for as long as it
// wanted.
io::Task<void> pass_on(http::BodyWriter& out, Events& events, const protobuf::Message& form,
                       std::optional<std::chrono::nanoseconds> patience, io::Aside& aside) {
  io::Context here = co_await io::context();
  EventsOut messages(out, form, aside);
  std::optional<Ending> why;
  try {
    io::Task<void> passing = events(messages);
    if (patience) {
      io::Task<void> bounded = io::within(*patience, std::move(passing));
      co_await bounded;
    } else {
      co_await passing;
    }
  } catch (const Fault& fault) {
    const bool ended = fault.kind() == Kind::cancelled || fault.kind() == Kind::deadline;
    const bool late = ended && patience && !out.closed() && !ended_from_outside(here);
    if (fault.kind() == Kind::cancelled && !late) throw;
    why = late ? too_late() : ending_of(fault);
  }
  if (!why && out.closed()) {
    why =
        ending(Code::unavailable, "the stream ended before its task did; subscribe to it to go on");
  }
  tell(out, why ? *why : messages.ending());
}

}  // namespace

const std::span<const http::Route> routes = table;

struct Service::Asked {
  const a2a::Rpc* rpc = nullptr;
  WorkspaceId at;
  std::string body;  // As JSON-RPC.
  std::optional<std::chrono::nanoseconds> patience;
};

io::Task<http::Response> Service::answer(auth::Member::Caller caller, Asked asked,
                                         const http::Request& request) {
  http::Request inner = request;
  inner.body = asked.body;
  if (!proxy::version_asked(request)) inner.headers.push_back({a2a::version_name, "1.0"});
  io::Task<http::Response> working = tasks_.call(caller, asked.at, inner);
  // What was sent goes on, whatever its sender waits for; whoever asks may be told that it is late.
  if (asked.patience && !asked.rpc->sends)
    working = io::within(*asked.patience, std::move(working));
  http::Response response = co_await working;
  http::Response out;
  out.content_type = media;
  if (response.stream) {
    out.stream = [events = std::move(response.stream), form = asked.rpc->answers,
                  patience = asked.patience, &aside = aside_](http::BodyWriter& to) mutable {
      return pass_on(to, events, *form, patience, aside);
    };
    co_return out;
  }
  const Message message = co_await message_of(aside_, response.body, *asked.rpc->answers);
  if (message.ending) co_return refused(*message.ending);
  std::string body;
  append_message(body, message.bytes);
  out.stream = [body = std::move(body)](http::BodyWriter& to) -> io::Task<void> {
    auto write = [](http::BodyWriter& there, const std::string& bytes) -> io::Task<void> {
      co_await there.write(bytes);
      tell(there, Ending{});
    };
    return write(to, body);
  };
  co_return out;
}

io::Task<http::Response> Service::call(auth::Member::Caller caller, std::string method,
                                       const http::Request& request) {
  io::Context here = co_await io::context();
  std::optional<Fault> refusal;
  try {
    require_call(request);
    const a2a::Rpc* rpc = a2a::rpc_of(method);
    if (!rpc) co_return refused(ending(Code::unimplemented, "there is no such method"));
    a2a::require_version(proxy::version_asked(request), a2a::rest_versions);
    const std::string_view message = message_in(request.body);
    const WorkspaceId at = endpoint_of(protobuf::text_in(message, rpc->tenant));
    const auto read_request = [&] {
      const std::string params = protobuf::json_of(message, *rpc->asks, a2a::rpc_tenant);
      return Asked{rpc, at, a2a::enveloped(rpc->method, params), patience_of(request)};
    };
    Asked asked;
    if (message.size() <= io::short_text_max) {
      asked = read_request();
    } else {
      asked = co_await aside_.run(read_request);
    }
    auto work = answer(caller, std::move(asked), request);
    co_return co_await work;
  } catch (const Fault& fault) {
    const bool ended = fault.kind() == Kind::cancelled || fault.kind() == Kind::deadline;
    const bool late = ended && patience_of(request) && !ended_from_outside(here);
    if (fault.kind() == Kind::cancelled && !late) throw;
    if (late) co_return refused(too_late());
    refusal = fault;
  }
  co_return refused(ending_of(*refusal));
}

}  // namespace molecule::grpc
