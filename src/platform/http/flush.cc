#include "platform/http/flush.h"

#include <algorithm>

#include "platform/net/wheel.h"

namespace molecule::http {

void Pieces::skip(std::size_t bytes) {
  for (std::string_view& view : views) {
    std::size_t n = std::min(bytes, view.size());
    view.remove_prefix(n);
    bytes -= n;
  }
}

Sent send_now(net::Stream& stream, Pieces& pieces) {
  std::size_t size = pieces.size();
  if (size == 0) return Sent::all;
  net::Attempt attempt = stream.try_write(pieces.views);
  switch (attempt.state) {
    case net::Attempt::State::moved:
      pieces.skip(attempt.bytes);
      return attempt.bytes == size ? Sent::all : Sent::partly;
    case net::Attempt::State::wait: return Sent::partly;
    case net::Attempt::State::end:
    case net::Attempt::State::broken: break;
  }
  return Sent::broken;
}

io::Task<Sent> send_all(net::Stream& stream, Pieces pieces, std::chrono::milliseconds stall) {
  std::size_t left = pieces.size() + 1;
  const net::TimePoint over = net::Wheel::now(stream.loop()) + stall +
                              std::chrono::milliseconds(pieces.size() * 1000 / write_rate);
  for (;;) {
    Sent sent = send_now(stream, pieces);
    if (sent != Sent::partly) co_return sent;
    if (pieces.size() < left) {
      left = pieces.size();
      stream.set_deadline(net::Direction::write,
                          std::min(net::Wheel::now(stream.loop()) + stall, over));
    }
    net::Wake why = co_await stream.wait(net::Direction::write);
    if (why == net::Wake::deadline) co_return Sent::stalled;
    if (why == net::Wake::cancelled) co_return Sent::cancelled;
  }
}

}  // namespace molecule::http
