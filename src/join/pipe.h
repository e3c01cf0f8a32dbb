// Bytes from one stream to another and back, to the ends of both.
#pragma once

#include "platform/net/stream.h"

namespace molecule::join {

// Returns when both directions have ended, or one has broken; then both streams are closed. Holds
// at most one buffer of pipe_buffer bytes a direction, and only while there is something to move.
constexpr std::size_t pipe_buffer = 16u << 10;
io::Task<void> pipe(net::Stream& one, net::Stream& other);

}  // namespace molecule::join
