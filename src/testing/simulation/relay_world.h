// Agents that dial in, in one thread: the platform's relays behind its HTTP server, the agents'
// connections as `molecule join` has them, and a network between the two that breaks when the test
// says so. What the streams carry is judged byte by byte.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "join/connection.h"
#include "platform/http/server.h"
#include "platform/io/manual_timers.h"
#include "platform/mux/session.h"
#include "server/relay/polls.h"
#include "server/relay/relay_service.h"
#include "testing/manual_clock.h"
#include "testing/simulation/chance.h"
#include "testing/simulation/network.h"
#include "testing/simulation/talks.h"

namespace molecule::simulation {

class RelayWorld {
 public:
  RelayWorld(std::uint64_t seed, mux::Bounds bounds);
  ~RelayWorld();
  RelayWorld(const RelayWorld&) = delete;

  // One process of an agent. Who comes later for the same workspace takes its place.
  struct Dialler {
    std::string name;
    WorkspaceId workspace;
    std::unique_ptr<Network> network;
    std::unique_ptr<join::Connection> connection;
    std::unique_ptr<io::Scope> scope;
    std::uint64_t sessions = 0;       // That it has been seen to begin.
    bool leaving = false;             // Its process ends.
    bool over = false;                // It does not dial any more,
    std::optional<std::string> word;  // and this is why.
  };
  Dialler& dial(WorkspaceId workspace);
  WorkspaceId new_workspace() { return random.id<WorkspaceId>(); }
  void leave(Dialler& dialler);  // Says so, if it can, and ends.
  std::deque<Dialler>& diallers() { return diallers_; }

  // Null when there is nothing to open it on.
  Talk* from_platform(WorkspaceId workspace, std::array<Part, 2> parts);
  Talk* from_agent(Dialler& dialler, std::array<Part, 2> parts);

  void run();  // Until nothing is ready. No time passes.
  void pass(std::chrono::nanoseconds by);
  // The network is good from now on, everything comes to its end and the two sides stop.
  void rest();
  std::vector<std::string> problems() const;

  Chance chance;
  test::ManualClock clock;
  test::CountingRandom random;
  io::Loop loop;
  io::ManualTimers timers{loop, clock};
  Talks talks;

 private:
  // Everybody is who they say.
  struct Trusting final : http::Gate {
    std::optional<http::Response> admit(const http::Route&, http::Request& request) override;
    std::optional<http::Response> review(const http::Route&, http::Request&) override {
      return std::nullopt;
    }
  };
  struct OneKey final : relay::Keys {
    const crypto::SigningKey& platform() const override { return key; }
    std::optional<crypto::PublicKey> agent(WorkspaceId) const override { return std::nullopt; }
    crypto::SigningKey key{std::array<std::uint8_t, 32>{}};
  };
  struct Heard final : relay::Listeners {
    void here(WorkspaceId, bool) override {}
    void heard(WorkspaceId) override {}
    void gone(WorkspaceId) override {}
  };
  // What is known from outside of the session of a workspace.
  struct Line {
    bool kept_too_long = false;  // The last was away for as long as it is kept.
    bool excused = false;        // It was to end: somebody left, came instead or was removed.
    relay::Shared relay;         // The present one, or the last.
  };

  void complain(std::string what);
  void failed(std::string_view name, std::exception_ptr failure);
  io::Task<void> attend(Dialler& dialler);
  io::Task<void> end(Dialler& dialler);
  void look();
  void stop();
  std::size_t waiting() const;

  const mux::Bounds bounds_;
  std::vector<std::string> problems_;
  metrics::Registry metrics_;
  io::Scope serving_;
  io::Scope streams_;
  io::Scope control_;
  Trusting gate_;
  http::Router router_{gate_};
  relay::Relays relays_;
  OneKey keys_;
  Heard listeners_;
  relay::Service relay_{relays_, keys_, listeners_, clock, random, metrics_};
  relay::Polls polls_{relay_, clock, random};
  std::unique_ptr<http::Server> server_;
  std::deque<Dialler> diallers_;
  std::map<WorkspaceId, Line> lines_;
  std::chrono::nanoseconds swept_at_{0};
};

}  // namespace molecule::simulation
