// Facts that concern nobody outside: what makes the memory of a process follow the log. They are a
// type of their own, and nothing makes a frame, a page or a stream of them; that a token ended is
// told in other words, or not at all. PayloadOf<kind>::Payload is the struct that belongs to one.
//
// A payload holds all that memory takes over, and never a secret in the clear. Times are
// microseconds since the epoch where memory compares them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/id.h"

namespace molecule::facts {

enum class Internal { TOKEN_ISSUED, TOKENS_ENDED, SESSION_BEGUN, SESSIONS_ENDED };
BOOST_DESCRIBE_ENUM(Internal, TOKEN_ISSUED, TOKENS_ENDED, SESSION_BEGUN, SESSIONS_ENDED)

struct TokenIssued {
  TokenId id;
  std::string digest;        // Hex.
  std::int64_t ends_at = 0;  // Seconds since the epoch, 0 never.
};
BOOST_DESCRIBE_STRUCT(TokenIssued, (), (id, digest, ends_at))

// All of one workspace.
struct TokensEnded {
  std::vector<std::string> digests;
  bool departed = false;  // Their workspace was removed: they still say so to their holders.
};
BOOST_DESCRIBE_STRUCT(TokensEnded, (), (digests, departed))

struct SessionBegun {
  SessionId id;
  std::string digest;
  std::int64_t expires_at = 0;
};
BOOST_DESCRIBE_STRUCT(SessionBegun, (), (id, digest, expires_at))

struct SessionsEnded {
  std::vector<std::string> digests;
};
BOOST_DESCRIBE_STRUCT(SessionsEnded, (), (digests))

template <Internal kind>
struct PayloadOf;

template <>
struct PayloadOf<Internal::TOKEN_ISSUED> {
  using Payload = TokenIssued;
};
template <>
struct PayloadOf<Internal::TOKENS_ENDED> {
  using Payload = TokensEnded;
};
template <>
struct PayloadOf<Internal::SESSION_BEGUN> {
  using Payload = SessionBegun;
};
template <>
struct PayloadOf<Internal::SESSIONS_ENDED> {
  using Payload = SessionsEnded;
};

}  // namespace molecule::facts
