// The agent's end of a relay: one session with the platform, over as many WebSockets as it takes;
// or over requests, where something on the way takes no WebSockets.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/id.h"
#include "base/secret.h"
#include "platform/crypto/sign.h"
#include "platform/http/client.h"
#include "platform/http/websocket.h"
#include "platform/io/clock.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "platform/mux/session.h"
#include "platform/net/dial.h"
#include "wire/relay/handshake.h"

namespace molecule::join {

// Whom to connect to, as whom.
struct Membership {
  net::Url platform;  // Its address; the path is put in front of its routes.
  WorkspaceId workspace;
  Secret token;
  std::optional<std::string> platform_fingerprint;  // That the platform must show.
  std::optional<crypto::SigningKey> key;            // That shows who we are.
  std::string agent_url;                            // How the platform asks: Host and path.
};

// Opens streams to the platform, for a client of HTTP.
class Connection final : public net::Connector {
 public:
  // Before trying again; doubles. Once that what had carried for a while breaks is tried again at
  // once, since the platform is there most of the time. Where it is not, that costs it nothing, and
  // those who were cut off together come back spread over what they wait then.
  static constexpr std::chrono::milliseconds first_wait{200};
  static constexpr std::chrono::milliseconds longest_wait{15'000};
  static constexpr std::chrono::seconds steady_after{2};
  static constexpr std::chrono::milliseconds ping_every{10'000};
  static constexpr std::chrono::seconds welcome_within{15};
  // Whether WebSockets come through by now, where requests carry: asked after so long, then twice
  // as long each time. A platform that was not there for a moment looks like one behind a way
  // without.
  static constexpr std::chrono::seconds first_look{20};
  static constexpr std::chrono::seconds last_look = std::chrono::hours(6);
  // A clock that jumps so far shows that the machine slept: the connection is made anew.
  static constexpr std::chrono::seconds slept{8};

  using Serve = std::function<io::Task<void>(std::unique_ptr<net::Stream>)>;
  // `serve` is given each stream that the platform opens; `on_fingerprint` the platform's key once
  // it has proven that it holds it.
  Connection(net::Connector& dialer, Membership membership, const io::Clock& clock,
             io::Random& random, metrics::Registry& registry, Serve serve,
             std::function<void(const std::string&)> on_fingerprint = {}, mux::Bounds bounds = {});

  // Connects and stays connected until cancelled. Throws Fault when the platform refuses for good:
  // unauthenticated, forbidden `agent_key_wrong` or `platform_key_wrong`, gone, conflict
  // `replaced`; unavailable `not_a_platform` when there is none at an address where there never
  // was one.
  io::Task<void> run();

  // A new stream. Throws bad_gateway `agent_unreachable` while there is no session.
  io::Task<std::unique_ptr<net::Stream>> dial(const net::Url& url) override;

  // Notified whenever a session has begun anew.
  io::Signal& begun() { return begun_; }
  std::uint64_t sessions() const { return sessions_; }
  bool is_up() const { return session_ && session_->attached(); }
  const Membership& membership() const { return membership_; }
  // Tells the platform that we leave, if it can be told at once.
  io::Task<void> leave();

 private:
  using Closed = std::optional<http::FrameSocket::Closed>;
  io::Task<void> connect();
  io::Task<void> connect_by_polls();
  // Shakes hands, and carries the session until the socket breaks. `closed`: what the platform
  // said.
  io::Task<void> go_on(http::WebSocket& socket, const Closed& closed);
  std::string path_of_relay() const;
  io::Task<relay::Welcome> shake_hands(http::WebSocket& socket);
  void check_key(const relay::Challenge& challenge, const std::string& nonce);
  mux::Session::Transport take_up(const relay::Welcome& welcome);
  void end_if_broken(const std::exception_ptr& failure);
  void look_at_end(const Closed& closed);
  io::Task<void> watch_sleep(io::Scope& scope);
  io::Task<void> look_again(io::Scope& scope, std::chrono::seconds after);
  std::optional<Fault> not_a_platform() const;
  std::string address() const;
  std::string next_step(const Fault& trouble) const;
  std::chrono::milliseconds pause();

  net::Connector& dialer_;
  Membership membership_;
  const io::Clock& clock_;
  io::Random& random_;
  Serve serve_;
  std::function<void(const std::string&)> on_fingerprint_;
  const mux::Bounds bounds_;
  std::unique_ptr<io::Scope> streams_;  // What the platform asks; made on the loop.
  std::unique_ptr<mux::Session> session_;
  std::string session_id_;
  std::uint64_t sessions_ = 0;
  io::Signal begun_;
  bool welcomed_ = false;  // Since the last attempt began.
  bool steady_ = false;    // What was carried since then lasted, and the platform ended it not.
  int waits_ = 0;          // In a row.
  bool reached_ = false;   // Something answers, since then.
  http::Client polls_;
  bool by_polls_ = false;  // How the next attempt is made.
  std::chrono::seconds next_look_ = first_look;
  bool looking_again_ = false;  // Since the last attempt began.
  bool leaving_ = false;
  int strange_ = 0;  // Attempts in a row that met no platform, of both kinds.
};

}  // namespace molecule::join
