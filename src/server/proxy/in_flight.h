// What is under way to each agent right now, and how long the chain of messages behind it is. In
// memory: after a restart nothing is under way.
#pragma once

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "base/id.h"
#include "platform/io/guarded.h"

namespace molecule::proxy {

class InFlight {
 public:
  // A polled message counts as heard for this long when its agent sends something on.
  static constexpr std::chrono::seconds heard_for{60};

  void begin(WorkspaceId agent, std::int64_t hops) {
    agents_.write([&](auto& map) {
      State& state = map[agent];
      ++state.count;
      state.hops = std::max(state.hops, hops);
    });
  }
  void end(WorkspaceId agent) {
    agents_.write([&](auto& map) {
      auto it = map.find(agent);
      if (it == map.end()) return;
      if (--it->second.count > 0) return;
      it->second.count = 0;
      it->second.hops = 0;
      if (it->second.heard_hops == 0 && it->second.alone_until.count() == 0) map.erase(it);
    });
  }
  // The agent asked to be left alone until then.
  void leave_alone(WorkspaceId agent, std::chrono::nanoseconds until) {
    agents_.write([&](auto& map) { map[agent].alone_until = until; });
  }
  bool left_alone(WorkspaceId agent, std::chrono::nanoseconds now) const {
    return agents_.read([&](const auto& map) {
      auto it = map.find(agent);
      return it != map.end() && now < it->second.alone_until;
    });
  }
  // A message was put where a polling agent fetches it.
  void heard(WorkspaceId agent, std::int64_t hops, std::chrono::nanoseconds now) {
    agents_.write([&](auto& map) {
      State& state = map[agent];
      state.heard_hops = hops;
      state.heard_at = now;
    });
  }
  std::int64_t count(WorkspaceId agent) const {
    return agents_.read([&](const auto& map) {
      auto it = map.find(agent);
      return it == map.end() ? std::int64_t{0} : it->second.count;
    });
  }
  // Hops of what this agent is working on; a message it sends continues that chain.
  std::int64_t hops(WorkspaceId agent, std::chrono::nanoseconds now) const {
    return agents_.read([&](const auto& map) {
      auto it = map.find(agent);
      if (it == map.end()) return std::int64_t{0};
      std::int64_t hops = it->second.hops;
      if (now - it->second.heard_at < heard_for) hops = std::max(hops, it->second.heard_hops);
      return hops;
    });
  }

 private:
  struct State {
    std::int64_t count = 0;
    std::int64_t hops = 0;
    std::int64_t heard_hops = 0;
    std::chrono::nanoseconds heard_at{0};
    std::chrono::nanoseconds alone_until{0};
  };
  io::Guarded<std::unordered_map<WorkspaceId, State>> agents_;
};

}  // namespace molecule::proxy
