// The first bytes of a SQLite database, as its file format fixes them: what tells one state of the
// file's making from another without opening it.
#pragma once

#include <cstdint>
#include <span>

#include "platform/sql/store_mark.h"

namespace molecule::sql {

inline constexpr std::size_t header_bytes = 100;

inline FileHeader header_in(std::span<const std::uint8_t, header_bytes> bytes) {
  const auto big_endian = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | bytes[at + i];
    return value;
  };
  // The user version, which we use for the run, and the schema cookie.
  return {big_endian(60), big_endian(40)};
}

}  // namespace molecule::sql
