#include "server/grpc/events_out.h"

#include "platform/grpc/call.h"
#include "platform/json/answer.h"
#include "platform/protobuf/bytes_of.h"
#include "wire/a2a/rest.h"

namespace molecule::grpc {
namespace {

// An event holds an answer of an agent, which is bounded where it is read.
constexpr http::EventLimits limits{64u << 20, 64u << 20};

Message read(std::string_view rpc, const protobuf::Message& form) {
  Message made;
  {
    const json::Document document = json::parse_answer(rpc);
    if (const json::Node result = document.root().find("result")) {
      try {
        made.bytes = protobuf::bytes_of(result, form);
      } catch (const Fault& fault) {
        throw Fault(Kind::bad_gateway, "invalid_agent_response", fault.text());
      }
      return made;
    }
  }
  const json::Document document = json::parse_answer(a2a::bare_of(rpc));
  const json::Node error = document.root().find("error");
  const json::Node status = error.find("status");
  const json::Node text = error.find("message");
  made.ending = grpc::ending(
      status.is(json::Type::string) ? code_named(status.string()) : Code::internal,
      text.is(json::Type::string) ? text.string() : std::string_view(), error.find("details"));
  return made;
}

}  // namespace

io::Task<Message> message_of(io::Aside& aside, std::string_view rpc,
                             const protobuf::Message& form) {
  const auto work = [&] { return read(rpc, form); };
  if (rpc.size() <= io::short_text_max) co_return work();
  co_return co_await aside.run(work);
}

EventsOut::EventsOut(http::BodyWriter& out, const protobuf::Message& form, io::Aside& aside)
    : out_(out), form_(form), aside_(aside), events_(limits) {}

io::Task<void> EventsOut::write(std::string_view bytes) {
  if (!events_.take(bytes)) {
    ending_ = grpc::ending(Code::internal, "an event of the agent is too large");
    throw Fault(Kind::bad_gateway, "response_too_large", ending_.text);
  }
  std::string out;
  while (const auto event = events_.next()) {
    const Message message = co_await message_of(aside_, event->data, form_);
    if (message.ending) {
      ending_ = *message.ending;
      continue;
    }
    append_message(out, message.bytes);
  }
  if (!out.empty()) co_await out_.write(out);
}

// Events are followed by nothing, and what follows a call is its ending.
void EventsOut::trailer(std::string_view, std::string_view) {}

bool EventsOut::closed() const { return out_.closed(); }

void EventsOut::notify_closed(io::Signal* signal) { out_.notify_closed(signal); }

}  // namespace molecule::grpc
