#include "server/events/audience.h"

#include <array>

namespace molecule::events {
namespace {

using namespace std::string_view_literals;

// What GET /workspaces/{id} tells a peer too: not the work at hand, not an error's text, not where
// things lie on a disk.
constexpr std::array description{
    "name"sv,          "role"sv, "tier"sv, "runtime"sv,   "url"sv,      "parent_id"sv,
    "agent_card"sv,    "x"sv,    "y"sv,    "collapsed"sv, "external"sv, "delivery_mode"sv,
    "recovered_from"sv};
constexpr std::array trouble{"error_rate"sv, "runtime_state"sv};
constexpr std::array load{"active_tasks"sv, "uptime_seconds"sv};
constexpr std::array departure{"name"sv, "cascade_deleted"sv};

}  // namespace

Audience audience_of(Type type) {
  using Reach = Audience::Reach;
  switch (type) {
    case Type::WORKSPACE_PROVISIONING:
    case Type::WORKSPACE_AWAITING_AGENT:
    case Type::WORKSPACE_ONLINE:
    case Type::WORKSPACE_UPDATED:
    case Type::AGENT_CARD_UPDATED:
    case Type::WORKSPACE_LATE:
    case Type::WORKSPACE_OFFLINE:
    case Type::WORKSPACE_PAUSED:
    case Type::WORKSPACE_HIBERNATED:
    case Type::WORKSPACE_PROVISION_FAILED: return {Reach::peers, description};
    case Type::WORKSPACE_DEGRADED: return {Reach::peers, trouble};
    case Type::WORKSPACE_REMOVED: return {Reach::peers, departure};
    case Type::WORKSPACE_HEARTBEAT:
    case Type::TASK_UPDATED: return {Reach::peers, load};
    case Type::ACTIVITY_LOGGED:
    case Type::DELEGATION_SENT:
    case Type::DELEGATION_STATUS:
    case Type::DELEGATION_COMPLETE:
    case Type::DELEGATION_FAILED: return {Reach::pair};
    case Type::AGENT_REFUSED:
    case Type::EXTERNAL_CREDENTIALS_ROTATED:
    case Type::SECRET_CHANGED:
    case Type::TICKET_MADE:
    case Type::TICKET_REDEEMED:
    case Type::TICKET_REFUSED:
    case Type::TICKET_REVOKED:
    case Type::AGENT_KEY_REMOVED:
    case Type::TERMINAL_OPENED:
    case Type::TERMINAL_CLOSED:
    case Type::TOKEN_MADE:
    case Type::TOKEN_REVOKED:
    case Type::ORG_KEY_MADE:
    case Type::ORG_KEY_REVOKED:
    case Type::USER_MESSAGE:
    case Type::AGENT_MESSAGE:
    case Type::A2A_RESPONSE: return {Reach::itself};
  }
  return {};
}

}  // namespace molecule::events
