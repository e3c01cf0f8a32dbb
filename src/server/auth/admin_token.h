// The operator's credential: from the ADMIN_TOKEN setting, or made at the first start and kept in a
// file that only its owner can read. In memory only its digest is held.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/secret.h"
#include "platform/crypto/digest.h"
#include "platform/io/clock.h"

namespace molecule::auth {

class AdminToken {
 public:
  static constexpr std::size_t size_min = 16;  // Bytes of a configured token.

  explicit AdminToken(const Secret& token) : digest_(crypto::sha256(token.reveal())) {}
  // `digest` is the SHA-256 of what was presented. Constant time.
  bool matches(const crypto::Digest& digest) const {
    return crypto::constant_time_equal(digest_, digest);
  }

 private:
  crypto::Digest digest_;
};

// `configured` when not empty, which is refused (Fault bad_request `admin_token_weak`) when shorter
// than AdminToken::size_min. Otherwise the token in `file`; when there is none, a new one is made
// there (0600, whole or not at all; two processes that start together agree). Throws Fault
// `admin_token_unsafe` or `admin_token_unreadable`, naming the path and never the token.
Secret load_or_create_admin_token(std::string_view configured, const std::filesystem::path& file,
                                  io::Random& random);

}  // namespace molecule::auth
