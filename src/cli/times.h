// Times as tables tell them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/instant.h"

namespace molecule::cli {

// "45s", "3m20s", "2h05m", "3d4h"; nothing for less than a second.
std::string duration_text(std::int64_t seconds);
// How long ago a time of the platform is, such as "3m20s"; as it is where it is no time.
std::string age_text(std::string_view time, Instant now);
// "12:04:05" of a time of the platform, in UTC; as it is where it is no time.
std::string time_text(std::string_view time);

}  // namespace molecule::cli
