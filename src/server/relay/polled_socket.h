// What a relay is carried by where something on the way takes no WebSockets: parcels of messages
// that the agent sends, and asks for. A parcel is never sent twice: whichever is lost breaks it,
// and the session goes on over another one, as after any break.
//
// Belongs to one loop.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/message.h"
#include "platform/io/clock.h"
#include "platform/io/signal.h"
#include "wire/relay/parcel.h"

namespace molecule::relay {

class PolledSocket final : public http::WebSocket {
 public:
  static constexpr std::chrono::seconds silence_max{45};  // Without a request of the agent.
  static constexpr std::size_t kept_max = 256u << 10;     // Bytes that wait, in either direction.

  // `clock` outlives it.
  explicit PolledSocket(const io::Clock& clock) : clock_(clock), seen_(clock.monotonic()) {}

  io::Task<std::optional<http::Frame>> receive() override;
  io::Task<void> send(http::Frame::Opcode opcode, std::string_view payload) override;
  io::Task<void> send_raw(std::string_view frames) override;
  io::Task<void> close(std::uint16_t code, std::string_view reason) override;

  // The requests of the agent. `number` counts those of one direction from 1. Throw Fault conflict
  // `poll_broken` when it does not follow, or when nothing is carried any more: begin another.
  io::Task<void> put(std::int64_t number, std::string parcel);
  // Waits for something up to parcel_wait_seconds; then the parcel is empty.
  io::Task<std::string> take(std::int64_t number);
  // Nothing is carried any more.
  void end();

 private:
  struct Asking;
  void check(std::int64_t number, std::int64_t& next);
  void push(ParcelMessage::Kind kind, std::string_view bytes);

  const io::Clock& clock_;
  std::chrono::nanoseconds seen_;  // When the agent asked last.
  std::deque<ParcelReader> in_;
  std::size_t in_bytes_ = 0;  // That are not read.
  std::int64_t put_ = 0;      // So many parcels are in.
  std::string out_;           // Packed.
  std::int64_t next_put_ = 1, next_take_ = 1;
  int asking_ = 0;
  bool over_ = false;         // Nothing more is carried.
  bool closed_here_ = false;  // Nothing more is sent.
  io::Signal in_changed_, out_changed_;
};

}  // namespace molecule::relay
