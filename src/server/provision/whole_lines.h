// Lines of a log as they were said: one that was too long for a line of the log goes on in the
// next, and a secret may stand on both sides of where it was cut.
#pragma once

#include <cstdint>
#include <string>

#include "platform/sandbox/log_files.h"

namespace molecule::provision {

// How far before a place has to be read to know what a line that begins there goes on with.
inline constexpr std::uint64_t line_before = sandbox::LogFiles::line_max + 128;

// What was read from `line_before` before `since` on, or from the beginning, without what was told
// before `since` and without what is left of a line that began before: half of a secret could not
// be told from other text. What still goes on is left for later. `since` 0: all of it.
sandbox::LogPiece whole_lines(sandbox::LogPiece piece, std::uint64_t since);

}  // namespace molecule::provision
