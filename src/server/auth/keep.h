// The upkeep of credentials: writes behind when they were last used.
#pragma once

#include <chrono>

#include "platform/io/task.h"
#include "server/auth/keys.h"
#include "server/auth/sessions.h"
#include "server/auth/tokens.h"

namespace molecule::auth {

inline constexpr std::chrono::seconds keep_every{5};

// Runs until cancelled. To be spawned once; a failed round is logged and followed by the next.
io::Task<void> keep(Tokens& tokens, Sessions& sessions, Keys& keys);

}  // namespace molecule::auth
