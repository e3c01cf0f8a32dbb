// Statements of the workspace tokens.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/sql/query.h"
#include "platform/sql/value.h"

namespace molecule::auth {

enum class TokenState { live, revoked, departed };
BOOST_DESCRIBE_ENUM(TokenState, live, revoked, departed)

namespace store {

struct TokenRow {
  TokenId id;
  WorkspaceId workspace_id;
  sql::Bytes digest;
  std::string prefix;
  std::optional<std::string> label;
  TokenState state = TokenState::live;
  Instant created_at;
  std::optional<Instant> expires_at;
  std::optional<Instant> ended_at;
  std::optional<Instant> last_used_at;
  std::optional<std::string> made_by;
};
BOOST_DESCRIBE_STRUCT(TokenRow, (),
                      (id, workspace_id, digest, prefix, label, state, created_at, expires_at,
                       ended_at, last_used_at, made_by))

inline constexpr sql::Query<void(TokenId, WorkspaceId, sql::BytesView, std::string_view,
                                 std::optional<std::string>, Instant, std::optional<Instant>,
                                 std::optional<std::string>)>
    add_token{"tokens.add", R"(
    INSERT INTO tokens (id, workspace_id, digest, prefix, label, state, created_at, expires_at, made_by)
    VALUES ($1, $2, $3, $4, $5, 'live', $6, $7, $8))"};

// Live and not expired at $2.
inline constexpr sql::Query<std::int64_t(WorkspaceId, Instant)> count_tokens{"tokens.count", R"(
    SELECT COUNT(*) FROM tokens
     WHERE workspace_id = $1 AND state = 'live' AND (expires_at IS NULL OR expires_at > $2))"};

inline constexpr sql::Query<TokenRow(WorkspaceId, std::int64_t, std::int64_t)> list_tokens{
    "tokens.list", R"(
    SELECT id, workspace_id, digest, prefix, label, state, created_at, expires_at, ended_at, last_used_at,
           made_by
      FROM tokens WHERE workspace_id = $1 AND state = 'live'
     ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3)"};

struct TokenUse {
  sql::Bytes digest;
  std::optional<Instant> last_used_at;
};
BOOST_DESCRIBE_STRUCT(TokenUse, (), (digest, last_used_at))
inline constexpr sql::Query<TokenUse(WorkspaceId)> token_uses{"tokens.uses", R"(
    SELECT digest, last_used_at FROM tokens WHERE workspace_id = $1)"};

inline constexpr sql::Query<TokenUse(WorkspaceId, TokenId)> token_use{"tokens.use", R"(
    SELECT digest, last_used_at FROM tokens
     WHERE workspace_id = $1 AND id = $2 AND state = 'live')"};

// Those that the gate must know: everything but revoked ones, page by page after an id.
inline constexpr sql::Query<TokenRow(TokenId, std::int64_t)> known_tokens{"tokens.known", R"(
    SELECT id, workspace_id, digest, prefix, label, state, created_at, expires_at, ended_at, last_used_at,
           made_by
      FROM tokens WHERE id > $1 AND state <> 'revoked' ORDER BY id LIMIT $2)"};

// The ending statements repeat what must still hold and give the digests that the gate must forget.
struct EndedToken {
  TokenId id;
  sql::Bytes digest;
  std::string prefix;
  std::optional<std::string> label;
};
BOOST_DESCRIBE_STRUCT(EndedToken, (), (id, digest, prefix, label))
inline constexpr sql::Query<EndedToken(WorkspaceId, TokenId, Instant)> revoke_token{"tokens.revoke",
                                                                                    R"(
    UPDATE tokens SET state = 'revoked', ended_at = $3
     WHERE workspace_id = $1 AND id = $2 AND state = 'live'
    RETURNING id, digest, prefix, label)"};
inline constexpr sql::Query<EndedToken(WorkspaceId, Instant)> revoke_tokens{"tokens.revoke_all", R"(
    UPDATE tokens SET state = 'revoked', ended_at = $2
     WHERE workspace_id = $1 AND state = 'live'
    RETURNING id, digest, prefix, label)"};
inline constexpr sql::Query<sql::Bytes(WorkspaceId, Instant)> depart_tokens{"tokens.depart", R"(
    UPDATE tokens SET state = 'departed', ended_at = $2
     WHERE workspace_id = $1 AND state = 'live' RETURNING digest)"};
inline constexpr sql::Query<sql::Bytes(WorkspaceId)> erase_tokens{"tokens.erase", R"(
    DELETE FROM tokens WHERE workspace_id = $1 RETURNING digest)"};

inline constexpr sql::Query<void(TokenId, Instant)> touch_token{"tokens.touch", R"(
    UPDATE tokens SET last_used_at = $2
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2))"};

}  // namespace store
}  // namespace molecule::auth
