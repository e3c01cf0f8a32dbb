// Which part of something a Range header asks for (RFC 9110 §14).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace molecule::http {

struct ByteRange {
  enum class Asked {
    whole,    // No range, one in another unit, several of them, or none that can be read.
    part,     // From first up to last.
    nothing,  // A range that the thing does not have: 416.
  };
  Asked asked = Asked::whole;
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // Included.
};

ByteRange byte_range(std::optional<std::string_view> header, std::uint64_t size);

}  // namespace molecule::http
