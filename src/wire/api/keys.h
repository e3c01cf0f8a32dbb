// Organisation keys: an operator's credential for a program, with a scope.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/json/shape.h"

namespace molecule {

using KeyId = Id<struct KeyTag>;

namespace api {

enum class KeyScope {
  read,     // Looks: every read, streams and WebSockets included.
  operate,  // And does what people do all day.
  admin,    // And rules: keys, tokens, the organisation's secrets.
};
BOOST_DESCRIBE_ENUM(KeyScope, read, operate, admin)

// Body of POST /org/tokens.
struct NewKey {
  json::Omit<std::string> name;
  json::Omit<KeyScope> scope;
  json::Omit<Instant> expires_at;

  static constexpr std::array about{
      json::About{"name", "what it is for, at most 100 characters"},
      json::About{"scope", "\"operate\" when left out"},
      json::About{"expires_at", "left out: never, or with the key that makes it"}};
};
BOOST_DESCRIBE_STRUCT(NewKey, (), (name, scope, expires_at))

struct KeyMade {
  KeyId id;
  std::string prefix;
  json::Omit<std::string> name;
  KeyScope scope = KeyScope::read;
  json::Omit<Instant> expires_at;
  std::string auth_token;
  std::string warning;

  static constexpr std::array about{json::About{"auth_token", "shown this once"}};
};
BOOST_DESCRIBE_STRUCT(KeyMade, (), (id, prefix, name, scope, expires_at, auth_token, warning))

struct Key {
  KeyId id;
  std::string prefix;
  json::Omit<std::string> name;
  KeyScope scope = KeyScope::read;
  std::string created_by;
  Instant created_at;
  json::Omit<Instant> last_used_at;
  json::Omit<Instant> expires_at;
  bool expired = false;

  static constexpr std::array about{
      json::About{"created_by",
                  "\"admin-token\", \"session\", \"developer\" or \"org-token:\" and a prefix"},
      json::About{"last_used_at", "to within seconds; absent: never"}};
};
BOOST_DESCRIBE_STRUCT(Key, (),
                      (id, prefix, name, scope, created_by, created_at, last_used_at, expires_at,
                       expired))

struct KeyPage {
  std::vector<Key> tokens;
  std::int64_t count = 0;

  static constexpr std::array about{json::About{"tokens", "newest first; those that expired too"}};
};
BOOST_DESCRIBE_STRUCT(KeyPage, (), (tokens, count))

struct KeyRevoked {
  KeyId revoked;
};
BOOST_DESCRIBE_STRUCT(KeyRevoked, (), (revoked))

// The key that asks.
struct OwnKey {
  KeyId id;
  std::string prefix;
  json::Omit<std::string> name;
  json::Omit<Instant> expires_at;
};
BOOST_DESCRIBE_STRUCT(OwnKey, (), (id, prefix, name, expires_at))

// Members of the refusal of a key whose scope is too small.
struct ScopeNeeded {
  KeyScope scope = KeyScope::read;
  KeyScope needed = KeyScope::operate;
};
BOOST_DESCRIBE_STRUCT(ScopeNeeded, (), (scope, needed))

}  // namespace api
}  // namespace molecule
