// The text of a credential: `mol_`, 32 random bytes in base64url, then six characters that check
// the rest (CRC-32 in base 62). The prefix lets scanners find a leaked one, the check lets a typing
// error or a foreign string be refused without asking the store. Only the digest is ever kept.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/secret.h"
#include "platform/crypto/digest.h"

namespace molecule::crypto {

constexpr std::string_view token_prefix = "mol_";
constexpr std::size_t token_size = 4 + 43 + 6;

using TokenBytes = std::array<std::uint8_t, 32>;

Secret token_from(const TokenBytes& random);

// `random` is io::Random or anything with its fill(); taken by shape so that crypto needs no loops.
template <class Random>
Secret make_token(Random& random) {
  TokenBytes bytes{};
  random.fill(bytes);
  Secret token = token_from(bytes);
  wipe(bytes);
  return token;
}

// The characters that check a text: of these, a typing error changes some.
constexpr std::size_t check_size = 6;
std::array<char, check_size> check_of(std::string_view text);

// Right length, prefix, alphabet and check. Says nothing about whether the token was ever given
// out.
bool looks_like_token(std::string_view text);

// Whether a token stands anywhere in it.
bool has_token(std::string_view text);

// What is stored and looked up instead of the text.
inline Digest token_digest(std::string_view text) { return sha256(text); }

}  // namespace molecule::crypto
