// Attempts at what is good once: a claim link, a ticket.
#pragma once

#include <string_view>

#include "base/fault.h"
#include "platform/io/clock.h"
#include "server/auth/limits.h"

namespace molecule::auth {

// What an attempt from this address is told that failed: why, until there were too many of them.
// Only what fails is counted: codes cannot be guessed, and whoever shares an address with somebody
// who tries must still get in.
Fault failed_attempt(Limits& limits, const io::Clock& clock, std::string_view peer, Fault why);

}  // namespace molecule::auth
