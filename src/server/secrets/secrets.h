// What the name and the value of a secret may be.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "wire/api/secrets.h"

namespace molecule::secrets {

inline constexpr std::size_t key_max = 128;          // Bytes of a name.
inline constexpr std::size_t value_max = 64u << 10;  // Bytes of a value; at least one.
inline constexpr std::int64_t secrets_max = 500;     // Of one workspace, and of all together.

using Scope = api::SecretScope;

// The secret that holds the model chosen for a workspace.
inline constexpr std::string_view model_key = "MODEL";

// A name becomes a variable in the agent's environment, so those by which a process finds its
// programs, its libraries, or us are not for secrets. Throws Fault bad_request `secret_key_invalid`
// or `secret_key_reserved`.
void check_key(std::string_view key);
// Throws Fault bad_request `secret_value_invalid`; never repeats the value.
void check_value(std::string_view value);

}  // namespace molecule::secrets
