// Base64 (RFC 4648 §4), base64url without padding (§5) and hex. Decoding is strict: one text for
// each value, so two spellings of a credential never mean the same bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/crypto/digest.h"

namespace molecule::crypto {

std::string base64_encode(Bytes data);     // Padded.
std::string base64url_encode(Bytes data);  // Not padded.
std::string hex_encode(Bytes data);        // Lower case.

// nullopt for a foreign character, white space, missing or wrong padding, or set bits that belong
// to no byte. base64url refuses padding.
std::optional<std::vector<std::uint8_t>> base64_decode(std::string_view text);
std::optional<std::vector<std::uint8_t>> base64url_decode(std::string_view text);
std::optional<std::vector<std::uint8_t>> hex_decode(std::string_view text);  // Either case.

}  // namespace molecule::crypto
