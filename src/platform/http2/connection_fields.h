// Fields that speak of one connection: HTTP/2 has none of them (RFC 9113 §8.2.2).
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace molecule::http2 {

inline constexpr std::array<std::string_view, 5> connection_fields{
    "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"};

// `name` in small letters.
constexpr bool of_connection(std::string_view name) {
  return std::ranges::find(connection_fields, name) != connection_fields.end();
}

}  // namespace molecule::http2
