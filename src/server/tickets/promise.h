// That somebody was told to know the platform by its key.
#pragma once

#include <string_view>

namespace molecule::tickets {

// In the store: the fingerprint of that key, once there was a ticket.
inline constexpr std::string_view promised_fact = "platform_key";

}  // namespace molecule::tickets
