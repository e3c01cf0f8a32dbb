// Who besides people and the workspace it is about may see an event. A type without an audience
// does not compile, and every way of following the log (WebSocket, stream, replay from the store)
// asks here.
//
// Reach is to write, not to read: who may send a workspace messages learns whether it is there and
// what it is, never what others told it or what it answered them.
#pragma once

#include <span>
#include <string_view>

#include "wire/events/types.h"

namespace molecule::events {

struct Audience {
  enum class Reach {
    itself,  // Nobody else.
    pair,    // The one that the payload names as source_id or target_id.
    peers,   // Whoever reaches it; of the payload only what `shown` names.
  };
  Reach reach = Reach::itself;
  std::span<const std::string_view> shown = {};
};
Audience audience_of(Type type);

}  // namespace molecule::events
