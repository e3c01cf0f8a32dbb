// Calls that peers make to each other without the platform: how the one that is called knows who
// calls, and that it may.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/id.h"
#include "platform/crypto/sign.h"
#include "platform/io/clock.h"

namespace molecule::presence {

// A JSON Web Token (RFC 7519) by the platform key that says "`sub` may call `aud`", to be verified
// by the one that is called with the platform's public key alone. `aud` and `sub` are workspace
// ids, `iss` is the key's fingerprint, and `typ` sets it apart from whatever else that key signs.
// Any thread.
class DirectCalls {
 public:
  static constexpr std::string_view type = "molecule-call+jwt";
  // Nobody asks the platform about a token, so it is good until its end. Together with the 15 s by
  // which the clock of the one that is called may be behind, a peer that may no longer call stops
  // within a minute.
  static constexpr std::chrono::seconds lives{45};

  // Both outlive it.
  DirectCalls(const crypto::SigningKey& key, const io::Clock& clock, io::Random& random)
      : key_(key), clock_(clock), random_(random), issuer_(crypto::fingerprint(key.public_key())) {}

  std::string token(WorkspaceId caller, WorkspaceId target) const;

 private:
  const crypto::SigningKey& key_;
  const io::Clock& clock_;
  io::Random& random_;
  const std::string issuer_;
};

}  // namespace molecule::presence
