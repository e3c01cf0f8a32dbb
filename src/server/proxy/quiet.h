// Agents that asked to be left alone for a while; meanwhile their messages wait. In memory: after a
// restart they ask again. Any thread.
#pragma once

#include <chrono>
#include <unordered_map>

#include "base/id.h"
#include "platform/io/guarded.h"

namespace molecule::proxy {

class Quiet {
 public:
  void leave_alone(WorkspaceId agent, std::chrono::nanoseconds now,
                   std::chrono::nanoseconds until) {
    until_.write([&](auto& map) {
      std::erase_if(map, [&](const auto& each) { return each.second <= now; });
      map[agent] = until;
    });
  }
  void forget(WorkspaceId agent) {
    until_.write([&](auto& map) { map.erase(agent); });
  }
  bool left_alone(WorkspaceId agent, std::chrono::nanoseconds now) const {
    return until_.read([&](const auto& map) {
      auto it = map.find(agent);
      return it != map.end() && now < it->second;
    });
  }

 private:
  io::Guarded<std::unordered_map<WorkspaceId, std::chrono::nanoseconds>> until_;
};

}  // namespace molecule::proxy
