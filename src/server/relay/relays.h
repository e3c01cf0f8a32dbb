// The agents that have dialled in: one relay for each workspace, the newest. Any thread.
#pragma once

#include <atomic>
#include <memory>
#include <unordered_map>
#include <vector>

#include "platform/io/guarded.h"
#include "server/relay/relay.h"

namespace molecule::relay {

class Relays {
 public:
  // A road that no other relay has.
  messages::Road fresh_road() { return ++roads_; }
  // Null when there is none.
  Shared find(WorkspaceId workspace) const;
  // Whether an agent's messages can be carried over its relay now.
  bool is_here(WorkspaceId workspace) const;
  // Puts one in place of what was there, which is returned.
  Shared put(Shared relay);
  // Takes it out; false when it is not there, or another took its place.
  bool remove(const Relay& relay);
  std::vector<Shared> all() const;
  std::size_t size() const;

 private:
  std::atomic<messages::Road> roads_{messages::sent_for_good};
  io::Guarded<std::unordered_map<WorkspaceId, Shared>> relays_;
};

}  // namespace molecule::relay
