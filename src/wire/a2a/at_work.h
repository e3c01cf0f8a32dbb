// How an agent says, with HTTP 503, that it has this very message and works on it still: nobody has
// to wait out a request of many hours. The platform brings the message again and again until the
// answer is there, and counts none of that as an attempt. An agent says so only where it knows the
// run; a 503 without it is "later", from an agent that has not begun.
#pragma once

#include <string_view>

namespace molecule::a2a {

inline constexpr std::string_view at_work_header = "X-Molecule-At-Work";

}  // namespace molecule::a2a
