// Tokens of workspaces, claim links and browser sessions.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/json/shape.h"
#include "wire/api/keys.h"

namespace molecule::api {

struct Token {
  TokenId id;
  std::string prefix;
  json::Omit<std::string> label;
  Instant created_at;
  json::Omit<std::string> created_by;
  json::Omit<Instant> last_used_at;
  json::Omit<Instant> expires_at;

  static constexpr std::array about{json::About{
      "created_by",
      "\"admin-token\", \"session\", \"developer\", \"org-token:\" and a prefix, \"workspace\": "
      "its own agent, \"ticket\" or \"registration\": an agent that joined, \"platform\": for an agent that it starts; absent where nobody noted it"}};
};
BOOST_DESCRIBE_STRUCT(Token, (),
                      (id, prefix, label, created_at, created_by, last_used_at, expires_at))

struct TokenPage {
  std::vector<Token> tokens;
  std::int64_t count = 0;

  static constexpr std::array about{json::About{"count", "of this page"}};
};
BOOST_DESCRIBE_STRUCT(TokenPage, (), (tokens, count))

// Body of POST /workspaces/{id}/tokens.
struct NewToken {
  json::Omit<std::string> label;
  json::Omit<Instant> expires_at;
};
BOOST_DESCRIBE_STRUCT(NewToken, (), (label, expires_at))

struct TokenMade {
  std::string auth_token;
  WorkspaceId workspace_id;
  json::Omit<TokenId> id;
  json::Omit<std::string> prefix;
  json::Omit<Instant> expires_at;
  json::Omit<std::string> message;

  static constexpr std::array about{json::About{"auth_token", "shown this once"}};
};
BOOST_DESCRIBE_STRUCT(TokenMade, (), (auth_token, workspace_id, id, prefix, expires_at, message))

struct TokensRevoked {
  std::string status;
  std::int64_t revoked = 0;
};
BOOST_DESCRIBE_STRUCT(TokensRevoked, (), (status, revoked))

// Body of POST /auth/claim.
struct Claim {
  std::string code;
};
BOOST_DESCRIBE_STRUCT(Claim, (), (code))

struct SignedIn {
  std::string status = "signed_in";
  std::string role = "admin";
};
BOOST_DESCRIBE_STRUCT(SignedIn, (), (status, role))

struct Me {
  bool signed_in = true;
  std::string role;
  bool dev = false;
  json::Omit<std::string> claim_command;
  KeyScope scope = KeyScope::admin;
  std::string actor;
  json::Omit<OwnKey> key;

  static constexpr std::array about{
      json::About{"role", "the same as scope"},
      json::About{"scope", "\"admin\" for all but organisation keys"},
      json::About{"actor", "as the log names who asks"},
      json::About{"key", "the organisation key that asks"},
      json::About{"dev", "the platform runs in its dev profile"},
      json::About{"claim_command",
                  "prints a new sign-in link, on the platform's machine; for scope admin"}};
};
BOOST_DESCRIBE_STRUCT(Me, (), (signed_in, role, dev, claim_command, scope, actor, key))

struct Session {
  SessionId id;
  Instant created_at;
  Instant last_seen_at;
  Instant expires_at;
  bool current = false;

  static constexpr std::array about{json::About{"current", "the one that asks"}};
};
BOOST_DESCRIBE_STRUCT(Session, (), (id, created_at, last_seen_at, expires_at, current))

struct SessionPage {
  std::vector<Session> sessions;
  std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(SessionPage, (), (sessions, count))

// Members of refusals.

struct RetryAfter {
  std::int64_t retry_after = 0;  // Seconds.
  json::Omit<std::string> hint;
};
BOOST_DESCRIBE_STRUCT(RetryAfter, (), (retry_after, hint))

struct UnknownId {
  WorkspaceId id;
};
BOOST_DESCRIBE_STRUCT(UnknownId, (), (id))

}  // namespace molecule::api
