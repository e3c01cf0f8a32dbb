// What the platform says about itself.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/fields.h"
#include "platform/json/shape.h"

namespace molecule::api {

struct Health {
  std::string status = "ok";
  std::string version;
  std::string uptime;    // "93s"
  std::string database;  // "ok" or "unavailable"
};
BOOST_DESCRIBE_STRUCT(Health, (), (status, version, uptime, database))

// By which agents know this platform.
struct PlatformKey {
  std::string public_key;
  std::string fingerprint;
  std::string algorithm = "Ed25519";

  static constexpr std::array about{
      json::About{"public_key", "32 bytes in base64url"},
      json::About{"fingerprint", "\"SHA256:\" and base64url of the digest of those bytes"}};
};
BOOST_DESCRIBE_STRUCT(PlatformKey, (), (public_key, fingerprint, algorithm))

// The same key as a JSON Web Key (RFC 7517, 8037).
struct WebKey {
  std::string kty = "OKP";
  std::string crv = "Ed25519";
  std::string x;
  std::string kid;
  std::string use = "sig";
  std::string alg = "EdDSA";

  static constexpr std::array about{json::About{"x", "32 bytes in base64url"},
                                    json::About{"kid", "its fingerprint"}};
};
BOOST_DESCRIBE_STRUCT(WebKey, (), (kty, crv, x, kid, use, alg))
struct WebKeys {
  std::vector<WebKey> keys;
};
BOOST_DESCRIBE_STRUCT(WebKeys, (), (keys))

}  // namespace molecule::api
