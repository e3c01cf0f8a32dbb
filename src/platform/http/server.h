// The HTTP server of one loop. Several loops of a process listen on the same port and share nothing
// but the router; a connection stays on the loop that accepted it. A request passes, in this order:
// the strict reading of its head, the Host and Origin rules, the route table, the gate, the body
// within the route's cap, the handler.
//
//   http::Server server(loop, router, settings, registry);
//   std::uint16_t port = server.listen();
//   scope.spawn("http", server.serve());
//   …
//   co_await server.drain();
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "platform/http/route.h"
#include "platform/io/loop.h"
#include "platform/io/task.h"
#include "platform/metrics/metrics.h"
#include "platform/net/socket.h"

namespace molecule::net {
class TlsServer;
}

namespace molecule::http {

// Bounds of one loop's connections. A peer that passes one is answered (408, 413, 503) where an
// answer can still reach it, and disconnected.
struct Limits {
  std::chrono::milliseconds head{10'000};  // From a request's first byte to the end of its head.
  std::chrono::milliseconds body_idle{20'000};  // Between two parts of a body.
  std::size_t body_rate = 1024;  // Bytes a second a body must keep up after body_idle.
  std::chrono::milliseconds body_total{300'000};  // For a whole body, however steadily it comes.
  std::chrono::milliseconds incoming_total{3'600'000};  // The same, read as it comes.
  std::chrono::milliseconds write_stall{30'000};        // Without the peer taking a byte.
  std::chrono::milliseconds keep_alive{75'000};         // Between two requests.
  std::chrono::milliseconds linger{2'000};              // For the peer to read a last answer.
  std::size_t connections = 10'000;
  std::size_t connections_per_address = 1'000;  // Loopback is exempt.
  std::size_t bodies = 256u << 20;  // Bytes of request bodies held at once, for who is known.
  std::size_t strangers_bodies = 4u << 20;  // The same for who showed no credential.
  // Bytes of answers that wait for peers to take them; beyond it whoever takes longest is left.
  std::size_t answers = 256u << 20;
  std::size_t socket_message = 64u << 10;        // Of one inbound WebSocket message.
  std::chrono::milliseconds ping_every{30'000};  // WebSocket; two unanswered pings end it.
  std::chrono::milliseconds drain{25'000};       // For running requests at shutdown.
  // At shutdown, and once a credential has ended, for a peer to go on with what it was sending, to
  // take what it is sent, and to answer a close.
  std::chrono::milliseconds farewell{500};
};

// What serves a connection whose peer speaks HTTP/2: its first bytes say so.
class Multiplexer {
 public:
  using Serve = std::function<io::Task<void>(std::unique_ptr<net::Stream>)>;
  class Session {
   public:
    virtual ~Session() = default;
    // Until the connection has ended. `first`: what the peer has sent already.
    virtual io::Task<void> run(std::string first) = 0;
    // Takes no new requests, and ends once those under way have ended.
    virtual void drain() noexcept = 0;
  };

  virtual ~Multiplexer() = default;
  // `serve` is given every request as a stream of its own that carries HTTP/1.1.
  virtual std::unique_ptr<Session> session(net::Stream& stream, const Limits& limits,
                                           Serve serve) = 0;
};

struct Settings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;                 // 0 picks a free one.
  std::vector<std::string> hosts;            // Host names besides loopback and the listen address.
  std::vector<std::string> cors_origins;     // Other sites' pages that may call.
  std::vector<std::string> trusted_proxies;  // CIDRs whose forwarding headers count.
  Limits limits;
};

class Server {
 public:
  Server(io::Loop& loop, const Router& router, Settings settings, metrics::Registry& registry);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Opens the port of the settings. Returns the real port. Throws what
  // net::Listener throws.
  std::uint16_t listen();
  // Serves a share of the connections that come to `first`, which is on another loop. Before either
  // serves.
  std::uint16_t listen(Server& first);

  // From now on accepted connections speak TLS; their handshake is bounded by limits.head. `tls`
  // outlives the server. Before serve().
  void encrypt(const net::TlsServer& tls);

  // Connections that begin as HTTP/2 are served by `by`, which outlives the server. Before serve().
  void multiplex(Multiplexer& by);

  // Accepts until drain(). Call once, on the loop.
  io::Task<void> serve();

  // Credentials may have ended: asks the gate again about whatever is held open, and ends what it
  // no longer admits: streams at their next good place, WebSockets with 4401, reads that wait with
  // the gate's refusal. Any thread; calls close together are answered by one round, which begins
  // within two ticks of the wheel.
  void review();

  // Needed before destruction once something was served. Stops accepting, closes idle connections,
  // lets running requests end with "Connection: close", tells streams and WebSockets (1001), gives
  // peers that are sending or not reading limits.farewell, waits limits.drain, then cancels what is
  // left. Idempotent.
  io::Task<void> drain();

  // Serves a connection that something else opened (a test, a TLS handshake). Returns when it
  // ended.
  io::Task<void> serve_connection(std::unique_ptr<net::Stream> stream);
  // Serves a stream that came over another connection: it takes no place of those who dial, and is
  // turned away when limits.connections of its kind are served.
  io::Task<void> serve_carried(std::unique_ptr<net::Stream> stream);

  std::size_t connections() const;
  std::size_t bodies_held() const;  // Bytes of requests that are being received.

  struct Impl;  // Shared with connection.cc.

 private:
  io::Task<void> serve_encrypted(std::unique_ptr<net::Socket> socket);
  std::unique_ptr<Impl> impl_;
};

}  // namespace molecule::http
