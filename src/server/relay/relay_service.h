// Agents that dial in and stay: one WebSocket each, over which requests go both ways. A connection
// that breaks is gone on with when its agent comes back in time; until then its requests wait.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "platform/crypto/sign.h"
#include "platform/http/route.h"
#include "platform/io/clock.h"
#include "server/auth/access.h"
#include "server/relay/relays.h"
#include "server/workspaces/workspaces.h"
#include "wire/relay/handshake.h"

namespace molecule::relay {

// The keys by which the two sides know each other.
class Keys {
 public:
  virtual ~Keys() = default;
  virtual const crypto::SigningKey& platform() const = 0;
  // The key that an agent was pinned to. Any thread.
  virtual std::optional<crypto::PublicKey> agent(WorkspaceId workspace) const = 0;
};

// What others make of it that an agent is there. Any thread.
class Listeners {
 public:
  virtual ~Listeners() = default;
  virtual void here(WorkspaceId workspace, bool anew) = 0;  // Messages can be carried to it.
  virtual void heard(WorkspaceId workspace) = 0;            // It is still there.
  virtual void gone(WorkspaceId workspace) = 0;             // It left, or did not come back.
};

class Service final : public workspaces::Departure {
 public:
  static constexpr std::chrono::seconds keep{120};  // A session without a connection.
  // Whoever waits for an answer over one is told after this that nothing carries it: nearly every
  // agent is back before.
  static constexpr std::chrono::seconds away_after{15};
  static constexpr std::chrono::seconds hello_within{10};
  static constexpr std::chrono::seconds heard_every{10};
  static constexpr std::size_t relays_max = 20'000;

  Service(Relays& relays, const Keys& keys, Listeners& listeners, const io::Clock& clock,
          io::Random& random, metrics::Registry& registry);

  // One lane per loop; before the first request.
  void add_lane(Lane lane) { lanes_.push_back(std::make_unique<Lane>(std::move(lane))); }

  // Throws Fault unavailable `draining` or `too_many_relays` where no agent may begin.
  void admit(WorkspaceId id) const;
  // Carries an agent's relay over `socket`, from the first word on, until one of them ends.
  io::Task<void> serve(http::WebSocket& socket, WorkspaceId id, Origin origin);
  // Where those live who come in on a loop.
  const Lane& lane_of(io::Loop& loop) const;

  // GET /workspaces/{id}/relay
  io::Task<http::Response> connect(auth::Own::Caller caller, WorkspaceId id,
                                   const http::Request& request);
  // Once a second: tells who is still there and ends what did not come back.
  io::Task<void> sweep();
  // The platform stops: every agent is told to come again.
  void go_down();

  void removed(sql::Tx& tx, std::span<const WorkspaceId> ids) override;

 private:
  struct Beginning;
  io::Task<Beginning> begin(http::WebSocket& socket, WorkspaceId id, Origin origin);
  struct Leaving {
    Shared relay;
    mux::Session::Transport transport;
    bool rules_broken;
    bool& over;  // Set: the session has ended.
    io::Completion<void>* waiting;
  };
  io::Task<void> left(Leaving leaving);
  // The session that the agent goes on with, or nothing.
  io::Task<std::optional<Beginning>> resume(WorkspaceId id, const Hello& hello);
  Beginning anew(const Lane& lane, WorkspaceId id, const Hello& hello, Origin origin);
  void end(const Shared& relay, Ending ending);
  std::string random_text(std::size_t bytes);

  struct Probe {
    explicit Probe(metrics::Registry& registry);
    metrics::Counter& begun;
    metrics::Counter& resumed;
    metrics::Counter& ended;
    metrics::Gauge& open;
    metrics::Gauge& away;
  };
  Relays& relays_;
  const Keys& keys_;
  Listeners& listeners_;
  const io::Clock& clock_;
  io::Random& random_;
  metrics::Registry& registry_;
  Probe probe_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::chrono::nanoseconds heard_at_{0};
  std::atomic<bool> going_down_{false};
};

extern const std::span<const http::Route> routes;

}  // namespace molecule::relay
