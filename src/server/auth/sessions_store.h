// Statements of browser sessions and claim links.
#pragma once

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/sql/query.h"
#include "platform/sql/value.h"

namespace molecule::auth::store {

struct SessionRow {
  SessionId id;
  sql::Bytes digest;
  Instant created_at;
  Instant expires_at;
  Instant last_seen_at;
};
BOOST_DESCRIBE_STRUCT(SessionRow, (), (id, digest, created_at, expires_at, last_seen_at))

inline constexpr sql::Query<void(SessionId, sql::BytesView, Instant, Instant)> add_session{
    "sessions.add", R"(
    INSERT INTO sessions (id, digest, created_at, expires_at, last_seen_at) VALUES ($1, $2, $3, $4, $3))"};
inline constexpr sql::Query<SessionRow(std::int64_t)> all_sessions{"sessions.all", R"(
    SELECT id, digest, created_at, expires_at, last_seen_at FROM sessions
     ORDER BY last_seen_at DESC LIMIT $1)"};
inline constexpr sql::Query<sql::Bytes(SessionId)> end_session{"sessions.end", R"(
    DELETE FROM sessions WHERE id = $1 RETURNING digest)"};
// Those that are over at $1, or were last seen before $2.
inline constexpr sql::Query<sql::Bytes(Instant, Instant)> sweep_sessions{"sessions.sweep", R"(
    DELETE FROM sessions WHERE expires_at <= $1 OR last_seen_at < $2 RETURNING digest)"};
// All but the $1 most recently seen.
inline constexpr sql::Query<sql::Bytes(std::int64_t)> crowd_out_sessions{"sessions.crowd_out", R"(
    DELETE FROM sessions WHERE id NOT IN (SELECT id FROM sessions ORDER BY last_seen_at DESC, id DESC LIMIT $1)
    RETURNING digest)"};
inline constexpr sql::Query<void(SessionId, Instant)> touch_session{"sessions.touch", R"(
    UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2)"};

inline constexpr sql::Query<void(sql::BytesView, Instant, Instant)> add_claim{"claims.add", R"(
    INSERT INTO claims (digest, created_at, expires_at) VALUES ($1, $2, $3))"};
// Changes one row, once: the first of two racing browsers wins.
inline constexpr sql::Query<void(sql::BytesView, Instant)> spend_claim{"claims.spend", R"(
    UPDATE claims SET used_at = $2 WHERE digest = $1 AND used_at IS NULL AND expires_at > $2)"};
inline constexpr sql::Query<std::int64_t(sql::BytesView, Instant)> open_claim{"claims.open", R"(
    SELECT COUNT(*) FROM claims WHERE digest = $1 AND used_at IS NULL AND expires_at > $2)"};
inline constexpr sql::Query<void(Instant)> sweep_claims{"claims.sweep", R"(
    DELETE FROM claims WHERE expires_at <= $1)"};
inline constexpr sql::Query<void()> drop_oldest_claim{"claims.drop_oldest", R"(
    DELETE FROM claims WHERE digest = (SELECT digest FROM claims WHERE used_at IS NULL
                                        ORDER BY created_at, digest LIMIT 1))"};
inline constexpr sql::Query<std::int64_t(Instant)> count_claims{"claims.count", R"(
    SELECT COUNT(*) FROM claims WHERE used_at IS NULL AND expires_at > $1)"};

}  // namespace molecule::auth::store
