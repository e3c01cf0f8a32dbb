// Every kind of event there is, and who besides people and the workspace it is about may see it.
// One place for both: a type without an audience does not compile, and every way of following the
// log (WebSocket, stream, replay from the store) asks here.
//
// Reach is to write, not to read: who may send a workspace messages learns whether it is there and
// what it is, never what others told it or what it answered them.
#pragma once

#include <span>
#include <string_view>

#include "base/fields.h"

namespace molecule::events {

// Spelled as on the wire.
enum class Type {
  WORKSPACE_PROVISIONING,
  WORKSPACE_AWAITING_AGENT,
  WORKSPACE_ONLINE,
  WORKSPACE_DEGRADED,
  WORKSPACE_LATE,
  WORKSPACE_OFFLINE,
  WORKSPACE_PAUSED,
  WORKSPACE_HIBERNATED,
  WORKSPACE_PROVISION_FAILED,
  WORKSPACE_UPDATED,
  WORKSPACE_REMOVED,
  WORKSPACE_HEARTBEAT,
  TASK_UPDATED,
  AGENT_CARD_UPDATED,
  EXTERNAL_CREDENTIALS_ROTATED,
  SECRET_CHANGED,
  ACTIVITY_LOGGED,
  USER_MESSAGE,
  AGENT_MESSAGE,
  A2A_RESPONSE,
  DELEGATION_SENT,
  DELEGATION_STATUS,
  DELEGATION_COMPLETE,
  DELEGATION_FAILED
};
BOOST_DESCRIBE_ENUM(Type, WORKSPACE_PROVISIONING, WORKSPACE_AWAITING_AGENT, WORKSPACE_ONLINE,
                    WORKSPACE_DEGRADED, WORKSPACE_LATE, WORKSPACE_OFFLINE, WORKSPACE_PAUSED,
                    WORKSPACE_HIBERNATED, WORKSPACE_PROVISION_FAILED, WORKSPACE_UPDATED,
                    WORKSPACE_REMOVED, WORKSPACE_HEARTBEAT, TASK_UPDATED, AGENT_CARD_UPDATED,
                    EXTERNAL_CREDENTIALS_ROTATED, SECRET_CHANGED, ACTIVITY_LOGGED, USER_MESSAGE,
                    AGENT_MESSAGE, A2A_RESPONSE, DELEGATION_SENT, DELEGATION_STATUS,
                    DELEGATION_COMPLETE, DELEGATION_FAILED)

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
