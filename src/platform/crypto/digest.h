// Digests and comparisons that do not tell an attacker how far a guess was right. One fetched
// algorithm and one context per thread are reused, because credentials are hashed on every request.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace molecule::crypto {

using Bytes = std::span<const std::uint8_t>;
using Digest = std::array<std::uint8_t, 32>;

inline Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Any thread. Neither allocates after a thread's first call.
Digest sha256(Bytes data);
inline Digest sha256(std::string_view text) { return sha256(bytes_of(text)); }
Digest hmac_sha256(Bytes key, Bytes data);
inline Digest hmac_sha256(std::string_view key, std::string_view text) {
  return hmac_sha256(bytes_of(key), bytes_of(text));
}

// Takes the same time wherever the first difference is. Lengths are not hidden.
bool constant_time_equal(Bytes a, Bytes b);
inline bool constant_time_equal(std::string_view a, std::string_view b) {
  return constant_time_equal(bytes_of(a), bytes_of(b));
}

// Overwrites memory in a way the compiler may not remove.
void wipe(std::span<std::uint8_t> secret);

}  // namespace molecule::crypto
