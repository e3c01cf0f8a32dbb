// Statements of the organisation keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/instant.h"
#include "platform/sql/query.h"
#include "platform/sql/value.h"
#include "wire/api/keys.h"

namespace molecule::auth::store {

struct KeyRow {
  KeyId id;
  sql::Bytes digest;
  std::string prefix;
  std::string name;
  api::KeyScope scope = api::KeyScope::read;
  std::string created_by;
  Instant created_at;
  std::optional<Instant> expires_at;
  std::optional<Instant> last_used_at;
};
BOOST_DESCRIBE_STRUCT(KeyRow, (),
                      (id, digest, prefix, name, scope, created_by, created_at, expires_at,
                       last_used_at))

inline constexpr sql::Query<void(KeyId, sql::BytesView, std::string_view, std::string_view,
                                 api::KeyScope, std::string_view, Instant, std::optional<Instant>)>
    add_key{"keys.add", R"(
    INSERT INTO org_keys (id, digest, prefix, name, scope, created_by, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8))"};
inline constexpr sql::Query<std::int64_t()> count_keys{"keys.count",
                                                       "SELECT COUNT(*) FROM org_keys"};
// The key $1, while it is good at $2.
inline constexpr sql::Query<KeyRow(KeyId, Instant)> live_key{"keys.live", R"(
    SELECT id, digest, prefix, name, scope, created_by, created_at, expires_at, last_used_at
      FROM org_keys WHERE id = $1 AND (expires_at IS NULL OR expires_at > $2))"};
// A key of another scope than $1 that is good at $2.
inline constexpr sql::Query<KeyId(api::KeyScope, Instant)> other_key{"keys.other", R"(
    SELECT id FROM org_keys WHERE scope <> $1 AND (expires_at IS NULL OR expires_at > $2) LIMIT 1)"};
// Newest first.
inline constexpr sql::Query<KeyRow(std::int64_t)> all_keys{"keys.all", R"(
    SELECT id, digest, prefix, name, scope, created_by, created_at, expires_at, last_used_at
      FROM org_keys ORDER BY created_at DESC, id DESC LIMIT $1)"};
inline constexpr sql::Query<KeyRow(KeyId)> revoke_key{"keys.revoke", R"(
    DELETE FROM org_keys WHERE id = $1
    RETURNING id, digest, prefix, name, scope, created_by, created_at, expires_at, last_used_at)"};
// The one that was over first at $1, if any is.
inline constexpr sql::Query<KeyId(Instant)> oldest_expired_key{"keys.oldest_expired", R"(
    SELECT id FROM org_keys WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT 1)"};
inline constexpr sql::Query<void(KeyId, Instant)> touch_key{"keys.touch", R"(
    UPDATE org_keys SET last_used_at = $2
     WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2))"};

}  // namespace molecule::auth::store
