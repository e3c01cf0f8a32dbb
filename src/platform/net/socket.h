// TCP: the stream, and the listener it comes from. Waits are Asio's, bytes are moved by our own
// non-blocking calls: one recv for a request, one gathered sendmsg for a response.
//
// A socket moves turn_max bytes a turn and direction. What is left then counts as not ready, and
// the wait for it ends in a later turn of the loop: whoever reads while there is something, or
// writes while somebody takes it, leaves the loop to the others in between.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "platform/io/loop.h"
#include "platform/net/stream.h"

struct sockaddr;

namespace molecule::net {

class Descriptor;  // A registered file descriptor; private to socket.cc.

inline constexpr std::size_t turn_max = 64u << 10;  // Bytes of one connection and direction.
inline constexpr int accepted_per_turn_max = 64;    // Connections.

class Socket final : public Stream {
 public:
  // Takes over a connected, non-blocking descriptor, or one end of a pipe, which moves bytes one
  // way only. TCP_NODELAY is set; there is no other buffering.
  static std::unique_ptr<Socket> adopt(io::Loop& loop, int descriptor, std::string peer);
  // Connects to a socket address (the dialler has decided that it may). Throws Fault bad_gateway
  // connect_failed with the system's reason, deadline at `by`, or cancelled.
  static io::Task<std::unique_ptr<Socket>> connect(const sockaddr* address, std::uint32_t size,
                                                   std::string peer, TimePoint by);
  ~Socket() override;

  Attempt try_read(std::span<char> into) noexcept override;
  Attempt try_write(std::span<const std::string_view> pieces) noexcept override;
  bool arm(Direction direction, Sleeper& sleeper, Wake* at_once) noexcept override;
  void disarm(Direction direction) noexcept override;
  using Stream::set_deadline;
  void set_deadline(Direction direction, TimePoint at) noexcept override;
  io::Task<void> shutdown_write() override;
  void close() noexcept override;
  const std::string& peer() const override { return peer_; }
  bool secure() const override { return false; }
  io::Loop& loop() override;

  // True when the peer has ended or reset its side, looking past bytes that wait to be read is not
  // possible: with unread bytes it is false.
  bool peer_gone() const noexcept;
  // For TLS, which hands it to OpenSSL, and for socket options. -1 once closed.
  int descriptor() const noexcept;
  // TLS moves bytes past try_read() and try_write(); it counts them here, asks before it moves
  // more, and says before it waits that the wait must look at the socket again.
  void forget_drained() noexcept { drained_ = false; }
  void count(Direction direction, std::size_t bytes) noexcept;
  bool turn_over(Direction direction) const noexcept;

 private:
  Socket(io::Loop& loop, int descriptor, std::string peer);

  std::unique_ptr<Descriptor> at_;
  std::string peer_;
  bool drained_ = false;  // The last read was short: nothing is left until the next readiness.
};

class Listener {
 public:
  // Listens on a numeric address ("127.0.0.1", "::1", "0.0.0.0") or "localhost", which is
  // 127.0.0.1; port 0 picks one. Nobody else can listen there, not even who runs as the same user.
  // Throws Fault conflict address_in_use, or bad_request bad_listen_address.
  Listener(io::Loop& loop, std::string_view address, std::uint16_t port);
  // Takes its share of the connections that `first` accepts, on another loop. Before either
  // accepts.
  Listener(io::Loop& loop, Listener& first);
  // Takes over a descriptor that listens.
  Listener(io::Loop& loop, int listening);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Throws what the constructor would; keeps nothing open.
  static void require_free(std::string_view address, std::uint16_t port);

  // The next connection. Waits out a shortage of descriptors. Throws cancelled; null once closed.
  io::Task<std::unique_ptr<Socket>> accept();
  void close() noexcept;
  std::uint16_t port() const { return port_; }

 private:
  struct Share;
  io::Task<std::unique_ptr<Socket>> take_share();

  io::Loop& loop_;
  std::unique_ptr<Descriptor> at_;              // Null where another listener accepts.
  std::shared_ptr<Share> share_;                // Of what that one accepts.
  std::vector<std::shared_ptr<Share>> others_;  // Who is given a share,
  std::size_t next_ = 0;                        // and whose turn it is; 0: this one's.
  std::uint16_t port_ = 0;
  int accepted_ = 0;  // Since the last wait.
};

}  // namespace molecule::net
