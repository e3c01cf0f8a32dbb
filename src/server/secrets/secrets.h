// Secrets as the API shows them, and what a name and a value may be.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fields.h"
#include "base/instant.h"

namespace molecule::secrets {

inline constexpr std::size_t key_max = 128;          // Bytes of a name.
inline constexpr std::size_t value_max = 64u << 10;  // Bytes of a value; at least one.
inline constexpr std::int64_t secrets_max = 500;     // Of one workspace, and of all together.

enum class Scope { workspace, global };
BOOST_DESCRIBE_ENUM(Scope, workspace, global)

// A listed secret; the value is in no list.
struct Listed {
  std::string key;
  bool has_value = true;
  Scope scope = Scope::workspace;
  Instant created_at;
  Instant updated_at;
};
BOOST_DESCRIBE_STRUCT(Listed, (), (key, has_value, scope, created_at, updated_at))

struct Change {
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(Change, (), (key, value))

struct Saved {
  std::string status;
  std::string key;
};
BOOST_DESCRIBE_STRUCT(Saved, (), (status, key))

struct SavedGlobal {
  std::string status;
  std::string key;
  Scope scope = Scope::global;
};
BOOST_DESCRIBE_STRUCT(SavedGlobal, (), (status, key, scope))

struct Model {
  std::string model;   // Empty: the agent's own default.
  std::string source;  // "default" or "workspace_secrets".
};
BOOST_DESCRIBE_STRUCT(Model, (), (model, source))

struct Rotated {
  std::string status;
  std::int64_t resealed = 0;
  std::int64_t unreadable = 0;  // Left as they were; the old keys are then kept.
};
BOOST_DESCRIBE_STRUCT(Rotated, (), (status, resealed, unreadable))

// The secret that holds the model chosen for a workspace.
inline constexpr std::string_view model_key = "MODEL";

// A name becomes a variable in the agent's environment, so those by which a process finds its
// programs, its libraries, or us are not for secrets. Throws Fault bad_request `secret_key_invalid`
// or `secret_key_reserved`.
void check_key(std::string_view key);
// Throws Fault bad_request `secret_value_invalid`; never repeats the value.
void check_value(std::string_view value);

}  // namespace molecule::secrets
