// Server-sent events, each with a JSON-RPC answer, as the messages of a gRPC stream.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/grpc/state.h"
#include "platform/http/event_stream.h"
#include "platform/http/message.h"
#include "platform/io/aside.h"
#include "wire/a2a/rpc.h"

namespace molecule::grpc {

// A result is sent as a message of that form; an error is how the call ends.
struct Message {
  std::string bytes;
  std::optional<Ending> ending;
};
// Long ones are read aside. Throws Fault for what cannot be put into bytes.
io::Task<Message> message_of(io::Aside& aside, std::string_view rpc, const protobuf::Message& form);

// What whoever writes the events has in place of the connection. All outlive it.
class EventsOut final : public http::BodyWriter {
 public:
  EventsOut(http::BodyWriter& out, const protobuf::Message& form, io::Aside& aside);

  io::Task<void> write(std::string_view bytes) override;
  void trailer(std::string_view name, std::string_view value) override;
  bool closed() const override;
  void notify_closed(io::Signal* signal) override;

  // How the call ends, once all was written.
  const Ending& ending() const { return ending_; }

 private:
  http::BodyWriter& out_;
  const protobuf::Message& form_;
  io::Aside& aside_;
  http::EventParser events_;
  Ending ending_;
};

}  // namespace molecule::grpc
