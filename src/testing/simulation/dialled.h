// An agent that dials in, in a world: its end of the relay as `molecule join` has it, over a
// network that breaks, and behind it a scripted agent that speaks HTTP. It lives outside every
// process of the platform; and the link by which a process reaches it, watched.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "client/credential.h"
#include "client/platform.h"
#include "join/attendance.h"
#include "join/connection.h"
#include "platform/io/manual_timers.h"
#include "server/relay/relay_link.h"
#include "testing/simulation/agents.h"
#include "testing/simulation/network.h"

namespace molecule::simulation {

class Dialled final : private join::Agent {
 public:
  struct Around {
    io::Loop& loop;
    io::ManualTimers& timers;
    const io::Clock& clock;
    io::Random& random;
    Chance& chance;
    Agents& agents;
    Watch& watch;
    std::function<void(std::string)> complain;
    Network::Accept accept;
  };
  // All outlive it; `agent` has its id.
  Dialled(Around around, simulation::Agent& agent);
  ~Dialled() override;
  Dialled(const Dialled&) = delete;

  Network network;

 private:
  io::Task<void> serve(std::unique_ptr<net::Stream> stream) override;
  io::Task<std::optional<std::string>> card() override { co_return std::string("{}"); }
  io::Task<bool> is_there() override { co_return true; }
  std::size_t working() const override { return 0; }

  struct Question {
    ActivityId activity;
    std::optional<WorkspaceId> source;
    std::string body;
  };
  io::Task<std::optional<Question>> hear(net::Stream& stream);
  // Its words in HTTP; nothing where it ends the connection instead.
  io::Task<std::string> answer(net::Stream& stream, const Question& question);
  io::Task<std::string> stop(const Question& question);

  Around around_;
  simulation::Agent& agent_;
  metrics::Registry metrics_;
  join::Connection connection_;
  client::Platform platform_;
  client::Credential self_;
  join::Attendance attendance_;
  io::Scope scope_;
};

// Tells of what goes out by the relay and comes back.
class WatchedRelay final : public proxy::Link {
 public:
  WatchedRelay(relay::RelayLink& link, Watch& watch, const bool& process_gone)
      : link_(link), watch_(watch), process_gone_(process_gone) {}

  bool reachable(const workspaces::Entry& agent) const override { return link_.reachable(agent); }
  io::Task<proxy::Carried> deliver(const proxy::Lane& lane, const proxy::Parcel& parcel,
                                   proxy::Sink& sink) override;
  io::Task<proxy::Carried> ask(const proxy::Lane& lane, const proxy::Question& question) override {
    return link_.ask(lane, question);
  }

 private:
  relay::RelayLink& link_;
  Watch& watch_;
  const bool& process_gone_;
};

}  // namespace molecule::simulation
