// Writing with a bound on how long the peer may take nothing.
#pragma once

#include <array>
#include <chrono>
#include <string_view>

#include "platform/io/task.h"
#include "platform/net/stream.h"

namespace molecule::http {

// A few views written in order; what they view must live until the write is done.
struct Pieces {
  std::array<std::string_view, 4> views{};
  std::size_t size() const {
    std::size_t sum = 0;
    for (std::string_view view : views) sum += view.size();
    return sum;
  }
  void skip(std::size_t bytes);
};

enum class Sent { all, partly, stalled, cancelled, broken };

// One attempt without waiting; removes from `pieces` what was sent.
Sent send_now(net::Stream& stream, Pieces& pieces);

// Bytes a second that a peer must take, beyond the time of one stall: whoever takes a byte now and
// then is not making progress.
inline constexpr std::size_t write_rate = 8u << 10;

// Until all is sent; `stall` is the longest time without progress, write_rate the pace over all.
io::Task<Sent> send_all(net::Stream& stream, Pieces pieces, std::chrono::milliseconds stall);

}  // namespace molecule::http
