// Many byte streams over one connection that may break and come back. Either side opens streams;
// each has a window of its own, so that who reads slowly holds nobody else up. Frames are kept
// until the other side has acknowledged them: after a break both say how many they have, and what
// is missing is sent again, so that no byte of a stream is lost or comes twice. A session that
// cannot be gone on with is ended, and its streams with it.
//
// Belongs to one loop, with its streams. A stream may outlive its session; it is broken then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "platform/io/loop.h"
#include "platform/io/task.h"
#include "platform/net/stream.h"

namespace molecule::mux {

// Which streams a side opens: the numbers of the two never meet.
enum class Side : std::uint8_t { platform, agent };

struct Bounds {
  std::size_t window = 256u << 10;      // Bytes of a stream on their way or not yet read.
  std::size_t opened_max = 64;          // Of the other side's streams that are in use here.
  std::size_t opens_max = 64;           // Our own.
  std::size_t kept_max = 1u << 20;      // What is kept until it is acknowledged; more waits.
  std::size_t message_max = 48u << 10;  // Of what outgoing() returns.
};

class Session {
 public:
  using OnOpen = std::function<void(std::unique_ptr<net::Stream>)>;
  // `peer` and `secure` are what the streams say of whom they lead to. `on_open` is given the
  // streams that the other side opens, from within incoming(); without it they are refused.
  Session(io::Loop& loop, Side side, std::string peer, bool secure, OnOpen on_open = {},
          Bounds bounds = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // A new stream to the other side. Its bytes go out with the next transport when there is none.
  // Throws Fault unavailable `connections_exhausted` beyond opens_max, bad_gateway
  // `agent_unreachable` after the end.
  std::unique_ptr<net::Stream> open();

  // How many numbered frames have come: what the other side needs to know at a new transport.
  std::uint64_t received() const;
  // Goes on over a new transport whose other side has `received` of our frames; who uses the old
  // one finds it over. Empty when what would have to be sent is not kept: the session cannot be
  // gone on with.
  using Transport = std::uint64_t;  // Which one; never 0.
  std::optional<Transport> attach(std::uint64_t received);
  // Nothing carries the frames any more. No effect when another transport took over.
  void detach(Transport transport) noexcept;
  bool attached() const;

  // The next message for the other side, at most message_max bytes; waits until there is one.
  // Empty when the transport is over. One coroutine at a time.
  io::Task<std::string> outgoing(Transport transport);
  // Takes a message of the other side. False when the transport is over. Throws Fault bad_request
  // `mux_broken` when the other side breaks the rules: nothing can follow.
  bool incoming(Transport transport, std::string_view message);

  // Breaks every stream. `goodbye`: what the other side is told, if it can be.
  void end(std::string_view goodbye = {});
  bool ended() const;
  // What the other side said when it ended the session.
  const std::optional<std::string>& goodbye() const;

  std::size_t streams() const;
  std::size_t bytes_kept() const;  // Not acknowledged yet, with what keeping them costs.

  class Core;
  class Channel;

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace molecule::mux
