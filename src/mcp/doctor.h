// `molecule mcp doctor`: what a server of this environment would find, check by check, and what to
// do about it.
#pragma once

#include <iosfwd>

#include "platform/io/clock.h"

namespace molecule::mcp {

// True when nothing failed.
bool examine(std::ostream& out, bool colours, const io::Clock& clock, io::Random& random);

}  // namespace molecule::mcp
