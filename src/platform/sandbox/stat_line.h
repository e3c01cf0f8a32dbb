// What the kernel tells about processes in /proc.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace molecule::sandbox {

// When it was started, in clock ticks since the machine's start: with its number, who it is.
std::optional<std::int64_t> started_ticks(std::int64_t pid);
std::vector<pid_t> children_of(pid_t parent);
// Its children, theirs and so on.
std::vector<pid_t> descendants_of(pid_t ancestor);

}  // namespace molecule::sandbox
