// Why the gate said no, and the answer it sends. Refusals are values: floods arrive here.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/fields.h"
#include "base/id.h"
#include "platform/http/message.h"
#include "platform/http/route.h"
#include "server/auth/limits.h"
#include "wire/api/keys.h"

namespace molecule::auth {

enum class Reason {
  missing,  // No credential where one is needed.
  invalid,  // One that proves nothing: unknown, malformed, revoked. All others of these reasons say
            // nothing against the credential, and a client keeps it.
  expired,
  bad_socket,         // WebSocket credentials that contradict each other.
  departed,           // The workspace was removed.
  caller_mismatch,    // A header names another workspace than the token.
  reserved_caller,    // A header claims to be the platform itself.
  named_by_operator,  // An operator's request names a workspace as its sender.
  own_only,           // Only the workspace itself, not an operator.
  another,            // A workspace's good token, for what belongs to another one.
  operators_only,     // A workspace's good token, for what only operators may do.
  unreachable,        // The hierarchy does not let them talk.
  bad_workspace,      // The path names no workspace id.
  csrf,               // A browser's ambient credential without proof of the same origin.
  origin,             // From a page of another origin.
  host,               // For a host name that is not ours.
  limited,            // Too many requests.
  unready,            // Credentials cannot be checked yet.
  scope,              // An organisation key's scope is too small.
};
BOOST_DESCRIBE_ENUM(Reason, missing, invalid, expired, bad_socket, departed, caller_mismatch,
                    reserved_caller, named_by_operator, own_only, another, operators_only,
                    unreachable, bad_workspace, csrf, origin, host, limited, unready, scope)

struct Refusal {
  Reason reason = Reason::invalid;
  // Of a departed workspace.
  WorkspaceId workspace;
  std::uint32_t removed_at = 0;
  // Of a key: what it is good for and what the route asks for.
  api::KeyScope scope = api::KeyScope::read;
  api::KeyScope needed = api::KeyScope::read;
  // Of a limit.
  Allowance allowance;
  // It came through a proxy that is not in trusted-proxies, so all its clients look like one.
  bool stranger_between = false;
};

// The texts that existing clients know depend on the class that was asked for.
http::Response refuse(const http::Access& wanted, const Refusal& refusal);

}  // namespace molecule::auth
