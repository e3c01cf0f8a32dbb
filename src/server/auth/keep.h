// The upkeep of credentials: reads them again while that has not succeeded, and writes behind when
// they were last used.
#pragma once

#include <chrono>

#include "platform/io/task.h"
#include "server/auth/sessions.h"
#include "server/auth/tokens.h"

namespace molecule::auth {

inline constexpr std::chrono::seconds keep_every{5};

// Reads tokens and sessions. False, with the cause in the log, when the store did not answer; the
// gate then admits nobody until a later round of keep() succeeds.
io::Task<bool> open_all(Tokens& tokens, Sessions& sessions);

// Runs until cancelled. To be spawned once; a failed round is logged and followed by the next.
io::Task<void> keep(Tokens& tokens, Sessions& sessions);

}  // namespace molecule::auth
