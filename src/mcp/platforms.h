// The platforms on which the workspaces are: one for most, several where each is named with its
// own. Every request goes to the one of the workspace that asks.
#pragma once

#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "client/platform.h"
#include "mcp/settings.h"
#include "platform/io/signal.h"

namespace molecule::mcp {

class Platforms {
 public:
  Platforms(const Settings& settings, const io::Clock& clock, io::Random& random);
  Platforms(const Platforms&) = delete;

  // As client::Platform does.
  io::Task<client::Answer> ask(client::Credential& as, const client::Ask& what);
  // For whoever waits before asking again: until the limit, or sooner where a platform that was
  // away answers, or somebody wants to know. Whether it was sooner.
  io::Task<bool> pause(std::chrono::nanoseconds limit) { return again_.wait(limit); }
  void want_to_know() { again_.notify(); }
  // No request may be under way.
  void close();

 private:
  std::map<std::string, client::Platform> all_;  // By where they answer.
  std::unordered_map<WorkspaceId, client::Platform*> of_;
  std::set<const client::Platform*> away_;
  io::Signal again_;
};

}  // namespace molecule::mcp
