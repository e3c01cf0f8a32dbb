// The platforms on which the workspaces are: one for most, several where each is named with its
// own. Every request goes to the one of the workspace that asks.
#pragma once

#include <map>
#include <string>
#include <unordered_map>

#include "client/platform.h"
#include "mcp/settings.h"

namespace molecule::mcp {

class Platforms {
 public:
  Platforms(const Settings& settings, const io::Clock& clock, io::Random& random);
  Platforms(const Platforms&) = delete;

  // As client::Platform does.
  io::Task<client::Answer> ask(client::Credential& as, const client::Ask& what) {
    return of_.at(as.workspace())->ask(as, what);
  }
  // No request may be under way.
  void close();

 private:
  std::map<std::string, client::Platform> all_;  // By where they answer.
  std::unordered_map<WorkspaceId, client::Platform*> of_;
};

}  // namespace molecule::mcp
