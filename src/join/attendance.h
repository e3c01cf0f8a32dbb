// What the platform is told of the agent: its card when a session begins, and that it lives.
#pragma once

#include <string>

#include "client/credential.h"
#include "client/platform.h"
#include "join/agent.h"
#include "join/connection.h"

namespace molecule::join {

class Attendance {
 public:
  static constexpr std::chrono::seconds beat_every{20};
  static constexpr std::chrono::seconds look_again{2};  // For an agent that is not there yet.

  // `name` is the card's where the agent shows none; empty: the workspace's own.
  Attendance(Connection& connection, client::Platform& platform, client::Credential& self,
             Agent& agent, std::string name)
      : connection_(connection),
        platform_(platform),
        self_(self),
        agent_(agent),
        name_(std::move(name)) {}

  // Until cancelled. Throws Fault when the platform refuses the agent for good.
  io::Task<void> run();
  // The agent has news: they are told at once.
  void tell() { connection_.begun().notify(); }

 private:
  io::Task<bool> enrol();
  io::Task<void> tell_card();
  io::Task<void> beat(bool alive);
  io::Task<client::Answer> post(std::string path, const json::Object& body);
  io::Task<std::string> name_of_workspace();
  void tell_of(bool alive);

  Connection& connection_;
  client::Platform& platform_;
  client::Credential& self_;
  Agent& agent_;
  const std::string name_;
  std::uint64_t edition_ = 0;  // Of the card that the platform has.
  std::string at_;             // What the platform takes the agent to be at.
  std::string told_;           // What last went wrong, so that it is told once.
  bool was_alive_ = true;      // When it was looked at last.
};

}  // namespace molecule::join
