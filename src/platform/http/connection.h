// What serves one connection, and what the connections of a loop share. Private to the server.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "platform/http/chunked.h"
#include "platform/http/flush.h"
#include "platform/http/request_head.h"
#include "platform/http/response_head.h"
#include "platform/http/server.h"
#include "platform/http/site.h"
#include "platform/io/cancellation.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "platform/net/address.h"
#include "platform/net/wheel.h"

namespace molecule::http {

class FrameSocket;
class Connection;

// What a connection needs while it has a request; pooled, so idle connections have none.
struct Exchange {
  static constexpr std::size_t small = 4u << 10;  // What the pool keeps.
  static constexpr std::size_t large = 48u
                                       << 10;  // Head and what follows it; the most there can be.

  Request request;
  Framing framing;
  HeadScanner scanner;
  std::unique_ptr<char[]> in;
  std::size_t capacity = 0;
  std::size_t begin = 0;  // Of the current request.
  std::size_t end = 0;
  std::string early;  // Arrived while a handler ran.
  std::string out;    // The response's head.
  std::string body;   // A body that did not fit behind its head.

  std::string_view text() const { return {in.get() + begin, end - begin}; }
  void append(std::string_view bytes);
  void reset();  // For the pool.
};

// Request counters by route and status; a series is made when it is first counted.
class Probe {
 public:
  Probe(metrics::Registry& registry, std::vector<Route> routes);
  void served(std::size_t route, Method method, int status, double seconds);
  metrics::Gauge& connections;
  metrics::Gauge& streams;
  metrics::Counter& ended;
  metrics::Counter& left;

  static constexpr std::size_t fallback = 0;  // Then the routes, shifted by two.
  static constexpr std::size_t none = 1;

 private:
  struct PerRoute {
    std::string pattern;
    metrics::Histogram* seconds = nullptr;
    std::vector<std::pair<std::uint32_t, metrics::Counter*>> counters;  // By method and status.
  };
  metrics::Registry& registry_;
  std::vector<PerRoute> routes_;
};

struct Server::Impl {
  Impl(io::Loop& loop, const Router& router, Settings settings, metrics::Registry& registry);

  io::Loop& loop;
  net::Wheel& wheel;  // The loop's; looked up once.
  const Router& router;
  Settings settings;
  Site site;
  std::vector<net::Cidr> proxies;
  HeadWriter heads;
  Probe probe;
  io::Scope scope;
  std::unique_ptr<net::Listener> listener;
  const net::TlsServer* tls = nullptr;
  Multiplexer* multiplexer = nullptr;
  // One request of a connection that has many. As many may be served at once as might have come
  // over connections of their own, from one address too.
  io::Task<void> serve_multiplexed(std::unique_ptr<net::Stream> stream);
  io::Task<void> serve_inner(std::unique_ptr<net::Stream> stream, std::size_t& count);
  bool crowded(const std::string& address) const;  // No more from there.
  io::Scope handshakes;                            // Connections that are not yet open.
  io::Cancellation* accepting = nullptr;           // Of serve() while it runs.
  bool draining = false;

  // The rounds in which the gate is asked again.
  struct Review final : net::Wheel::Entry {
    explicit Review(Impl& of) : server(of) {}
    void on_due() noexcept override;
    Impl& server;
    std::atomic<bool> asked{false};
    std::uint64_t rounds = 0;
  } reviews{*this};

  Connection* first = nullptr;
  std::size_t open = 0;
  std::size_t carried = 0;      // Of them, those that came over another connection,
  std::size_t multiplexed = 0;  // and requests of HTTP/2.
  // Log each name once, the first few only: strangers choose them.
  void tell_refused_host(std::string_view authority);
  void tell_refused_origin(std::string_view origin, std::string_view authority);
  std::vector<std::string> refused_hosts;
  std::vector<std::string> refused_origins;
  static constexpr std::size_t refused_told_max = 8;
  struct Room {
    std::size_t held = 0;  // Bytes of bodies.
    const std::size_t most;
  };
  Room members;
  Room strangers;
  std::size_t answers = 0;  // Bytes of answers that wait to be taken.
  // Ends the slowest until what waits is within its bound.
  void bound_answers() noexcept;
  std::unordered_map<std::string, std::size_t> per_address;
  std::vector<std::unique_ptr<Exchange>> pool;
  std::unique_ptr<char[]>
      scratch;  // Reads land here; its bytes are moved on before anything waits.
  std::string id_prefix;
  std::uint64_t requests = 0;

  static constexpr std::size_t scratch_size = 16u << 10;
  static constexpr std::size_t pool_max = 256;
  std::unique_ptr<Exchange> take();
  void give(std::unique_ptr<Exchange> exchange);
  bool trusts(std::string_view address) const;
  bool trusts(const net::Address& address) const;
  // Say once in a while what is not set up on the way, and what to set: forwarding headers of a
  // peer are not believed; a WebSocket was asked for and the request to change protocols got lost.
  void tell_of_stranger(std::string_view peer);
  void tell_of_lost_upgrade(std::string_view peer);
  static constexpr std::chrono::minutes told_every{10};
  std::optional<std::chrono::steady_clock::time_point> stranger_told;
  std::optional<std::chrono::steady_clock::time_point> lost_upgrade_told;
  // `usual`, or what is left of it for a peer while the server drains.
  std::chrono::milliseconds patience(std::chrono::milliseconds usual) const;
};

// What whoever comes while the server is leaving is told.
Response draining_response();

class Connection {
 public:
  Connection(Server::Impl& server, std::unique_ptr<net::Stream> stream);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  io::Task<void> run();
  // The server drains: an idle connection closes, a stream is told, a slow peer is hurried.
  void drain();
  // Ends what is held open when the gate no longer admits it.
  void review() noexcept;

 private:
  friend struct Server::Impl;
  friend class Server;
  class Watch;
  class Hold;
  class Writer;
  class Incoming;
  enum class Phase { idle, receiving, busy, stream, socket, multiplexed, leaving };
  enum class Next { request, idle, multiplexed, close, linger };
  enum class Body { done, bad, too_large, slow, gone, overloaded };

  io::Task<Next> serve_buffered();
  net::Attempt fill();
  std::optional<Response> admit(Router::Match& match);
  bool is_page();
  std::optional<Response> check_site();
  void name_request();
  void apply_proxy();
  std::optional<Body> body_at_hand(std::size_t cap);
  io::Task<Body> read_body(std::size_t cap);
  bool take_room();
  void give_room_back() noexcept;
  std::optional<Response> check_coding() const;
  bool skip_body();
  Response body_refusal(Body outcome, std::size_t cap);
  io::Task<Response> call(const Router::Match& match);
  io::Task<Response> call_reading(const Router::Match& match);
  Response failed(std::exception_ptr failure);
  io::Task<Next> respond(Response& response, bool keep_alive);
  io::Task<Next> stream_body(Response& response, bool keep_alive);
  io::Task<Next> serve_socket(Response& response);
  io::Task<void> serve_multiplexed();
  io::Task<void> refuse_head(HeadError error);
  io::Task<void> linger();
  void count(int status);

  Server::Impl& server_;
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<Exchange> at_;
  Phase phase_ = Phase::busy;
  const Route* route_ = nullptr;             // Of the current request.
  std::uint64_t reviewed_ = 0;               // The round in which the gate was last asked about it.
  Hold* hold_ = nullptr;                     // While something is held open.
  io::Cancellation* waiting_ = nullptr;      // Of a read that may be given up.
  Writer* writer_ = nullptr;                 // While a stream runs.
  FrameSocket* socket_ = nullptr;            // While a WebSocket runs.
  Multiplexer::Session* session_ = nullptr;  // While the peer speaks HTTP/2.
  bool begun_to_speak_ = false;              // A request has come.
  std::unique_ptr<Response> ended_;          // Why, once the gate no longer admits it.
  std::string_view allow_origin_;
  std::string peer_;  // From a proxy, when it differs from the stream's.
  bool page_ = false;
  bool body_read_ = false;
  Server::Impl::Room* room_ = nullptr;  // That bodies_held_ are counted in.
  std::size_t bodies_held_ = 0;
  void hold(std::size_t bytes);  // Ends when it is let go.
  void let_go();
  std::size_t answer_held_ = 0;  // Bytes, while the peer is slow to take them.
  net::TimePoint answering_since_{};
  std::size_t probe_at_ = Probe::none;
  net::TimePoint begun_{};
  Connection* next_ = nullptr;
  Connection** link_ = nullptr;
};

}  // namespace molecule::http
