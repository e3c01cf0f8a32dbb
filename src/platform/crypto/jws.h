// JSON Web Signatures (RFC 7515) by Ed25519 (`EdDSA`, RFC 8037), for whoever checks by standards
// instead of by statement(). A header in base64url begins with "eyJ", which no statement does.
#pragma once

#include <string>
#include <string_view>

#include "platform/crypto/sign.h"

namespace molecule::crypto {

inline constexpr std::string_view jws_algorithm = "EdDSA";

// Both in base64url. `header` is JSON and names the algorithm; the payload travels elsewhere.
struct DetachedJws {
  std::string header;
  std::string signature;
};
DetachedJws sign_detached(const SigningKey& key, std::string_view header, std::string_view payload);
// The three parts in one text, payload included: a JWT when the payload is claims.
std::string sign_compact(const SigningKey& key, std::string_view header, std::string_view payload);

}  // namespace molecule::crypto
