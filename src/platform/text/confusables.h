// Letters of different scripts that are drawn alike.
#pragma once

#include <cstdint>

namespace molecule::text {

// The Latin letter that `code` looks like, or `code` itself.
std::uint32_t looks_like(std::uint32_t code);

}  // namespace molecule::text
