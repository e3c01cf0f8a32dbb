// The one line that lets an agent on another machine join: where the platform answers, the secret
// that is good once, and by which key the platform is known.
//
// `mjt_`, base64url of: version (1 byte, 1) ‖ id (16) ‖ secret (32) ‖ SHA-256 of the platform's
// public key (32) ‖ its URL; then six characters that check the rest, as a token has them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/secret.h"
#include "platform/crypto/digest.h"
#include "platform/crypto/sign.h"

namespace molecule::tickets {

inline constexpr std::string_view ticket_prefix = "mjt_";
inline constexpr std::size_t ticket_url_max = 512;   // Bytes.
inline constexpr std::size_t ticket_text_max = 801;  // Characters, with the longest URL.

struct TicketText {
  TicketId id;
  Secret secret;  // 32 raw bytes.
  crypto::Digest key_digest{};
  std::string platform_url;

  Secret text() const;
  // nullopt for what is no ticket, or was mistyped. The URL is what the ticket says: whoever dials
  // it reads it as strictly as any other.
  static std::optional<TicketText> parse(std::string_view text);

  // "SHA256:…", as the platform shows it.
  std::string fingerprint() const;
  bool names(const crypto::PublicKey& platform_key) const;
  crypto::Digest digest() const { return crypto::sha256(secret.reveal()); }
};

// What the agent signs: that it holds the key which it names. Whoever heard one proof has none for
// a later attempt.
std::string proof_statement(TicketId ticket, std::int64_t attempt);
// What the platform signs: that it is the one which the ticket names, and what it made of it.
std::string answer_statement(TicketId ticket, const crypto::PublicKey& agent,
                             WorkspaceId workspace);

}  // namespace molecule::tickets
