#include "server/auth/refusal.h"

#include <string>

#include <fmt/core.h>

#include "base/instant.h"
#include "server/auth/access.h"
#include "wire/api/credentials.h"
#include "wire/api/workspaces.h"

namespace molecule::auth {
namespace {

struct Texts {
  std::string_view missing_code, missing, invalid_code, invalid;
};

constexpr Texts for_workspaces{"missing_token", "missing workspace auth token", "invalid_token",
                               "invalid workspace auth token"};
constexpr Texts for_callers{"missing_token", "missing caller auth token", "invalid_token",
                            "invalid caller auth token"};
constexpr Texts for_operators{"admin_required", "admin auth required", "invalid_admin_token",
                              "invalid admin auth token"};

const Texts& texts(const http::Access& wanted) {
  if (wanted.level == Admin::access.level || wanted.level == Operator::access.level)
    return for_operators;
  if (wanted.level == Peer::access.level) return for_callers;
  return for_workspaces;
}

http::Response unauthenticated_response(std::string_view code, std::string_view text) {
  return http::error_response(401, code, text).with("WWW-Authenticate", "Bearer");
}

http::Response gone(const Refusal& refusal) {
  api::RemovedHint more{refusal.workspace,
                        Instant::from_micros(std::int64_t{refusal.removed_at} * 1'000'000),
                        "this workspace was removed: create a new one and register with its token"};
  return http::error_response(410, "workspace_removed", "workspace removed", json::members(more));
}

http::Response too_small(const Refusal& refusal) {
  const std::string_view needed = enum_text(refusal.needed);
  return http::error_response(403, "insufficient_scope",
                              fmt::format("this key's scope is {}, and this needs {}",
                                          enum_text(refusal.scope), needed),
                              json::members(api::ScopeNeeded{refusal.scope, refusal.needed}))
      .with("WWW-Authenticate",
            fmt::format(R"(Bearer error="insufficient_scope", scope="{}")", needed));
}

constexpr std::string_view between_hint =
    "this came through a proxy whose forwarding headers are not believed, so all its clients count "
    "as one; name the proxy's address in trusted-proxies (MOLECULE_TRUSTED_PROXIES)";

http::Response limited(const Refusal& refusal) {
  const Allowance& allowance = refusal.allowance;
  api::RetryAfter more{allowance.reset, {}};
  if (refusal.stranger_between) more.hint = std::string(between_hint);
  return http::error_response(429, "rate_limited", "rate limit exceeded", json::members(more))
      .with("Retry-After", std::to_string(allowance.reset));
}

}  // namespace

http::Response refuse(const http::Access& wanted, const Refusal& refusal) {
  const Texts& words = texts(wanted);
  switch (refusal.reason) {
    case Reason::missing: return unauthenticated_response(words.missing_code, words.missing);
    case Reason::invalid: return unauthenticated_response(words.invalid_code, words.invalid);
    case Reason::expired: return unauthenticated_response("token_expired", words.invalid);
    case Reason::bad_socket:
      return unauthenticated_response("invalid_socket_credential", "invalid WebSocket credential");
    case Reason::caller_mismatch:
      return http::error_response(403, "caller_mismatch",
                                  "caller ID does not match workspace auth token");
    case Reason::departed: return gone(refusal);
    case Reason::reserved_caller:
      return http::error_response(403, "invalid_caller", "invalid caller ID");
    case Reason::named_by_operator:
      return http::error_response(
          403, "identity_header_refused",
          "an operator's request cannot name a workspace as its sender; leave out "
          "X-Workspace-ID or use that workspace's token");
    case Reason::own_only:
      return http::error_response(403, "own_only", "only the workspace itself may ask for this");
    case Reason::another:
      return http::error_response(403, "token_workspace_mismatch",
                                  "the token belongs to another workspace");
    case Reason::operators_only:
      return http::error_response(
          403, "admin_required",
          "only an operator may do this: the token is good, but a workspace's");
    case Reason::unreachable:
      return http::error_response(
          403, "not_reachable", "access denied: workspaces cannot communicate per hierarchy rules");
    case Reason::bad_workspace: return http::error_response(400, "bad_id", "invalid workspace ID");
    case Reason::csrf:
      return http::error_response(
          403, "csrf", "a signed-in browser may change things only from the platform's own pages");
    case Reason::origin:
      return http::error_response(
          403, "origin_refused",
          "requests from pages of this origin are not allowed; if people reach the platform there, set "
          "PLATFORM_URL to it, and if it is another site, add it to the setting cors-origins "
          "(--cors-origins or CORS_ORIGINS) to allow it");
    case Reason::host:
      return http::error_response(
          403, "host_refused",
          "this host name is not served here; add it to the setting hosts (--hosts or "
          "MOLECULE_HOSTS) to allow it, or set PLATFORM_URL to the address in use");
    case Reason::limited: return limited(refusal);
    case Reason::scope: return too_small(refusal);
    case Reason::unready:
      return http::error_response(503, "platform_unavailable",
                                  "platform datastore unavailable — retry shortly")
          .with("Retry-After", "1");
  }
  return http::error_response(500, "internal", "internal error");
}

}  // namespace molecule::auth
