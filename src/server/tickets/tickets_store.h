// Statements of tickets and of the keys that are pinned to workspaces.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/sql/query.h"
#include "platform/sql/value.h"
#include "wire/api/keys.h"

namespace molecule::tickets::store {

struct Row {
  TicketId id;
  std::string name;
  std::string role;
  std::optional<WorkspaceId> parent;
  std::string runtime;
  int tier = 3;
  double x = 0;
  double y = 0;
  Instant created_at;
  Instant expires_at;
  std::optional<Instant> revoked_at;
  std::optional<Instant> redeemed_at;
  std::optional<sql::Bytes> redeemed_key;
  std::optional<std::string> redeemed_from;
  std::optional<std::int64_t> attempt;  // The highest that was taken.
  std::optional<WorkspaceId> workspace_id;
  std::optional<TokenId> token_id;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (id, name, role, parent, runtime, tier, x, y, created_at, expires_at,
                       revoked_at, redeemed_at, redeemed_key, redeemed_from, attempt, workspace_id,
                       token_id))

#define MOLECULE_TICKET_COLUMNS                                                                    \
  "id, name, role, parent, runtime, tier, x, y, created_at, expires_at, revoked_at, redeemed_at, " \
  "redeemed_key, redeemed_from, attempt, workspace_id, token_id"

inline constexpr sql::Query<void(TicketId, sql::BytesView, std::string_view, std::string_view,
                                 std::optional<WorkspaceId>, std::string_view, int, double, double,
                                 Instant, Instant, std::optional<KeyId>)>
    add{"tickets.add", R"(
    INSERT INTO tickets (id, digest, name, role, parent, runtime, tier, x, y, created_at, expires_at,
                         made_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12))"};
// By both: a secret is good for its own ticket alone.
inline constexpr sql::Query<Row(TicketId, sql::BytesView)> find{
    "tickets.find",
    "SELECT " MOLECULE_TICKET_COLUMNS " FROM tickets WHERE id = $1 AND digest = $2"};
// Newest first; a ticket's id is ordered by its time.
inline constexpr sql::Query<Row(std::int64_t)> list{
    "tickets.list",
    "SELECT " MOLECULE_TICKET_COLUMNS " FROM tickets ORDER BY created_at DESC, id DESC LIMIT $1"};
#undef MOLECULE_TICKET_COLUMNS

inline constexpr sql::Query<std::int64_t(Instant)> count_open{"tickets.count_open", R"(
    SELECT COUNT(*) FROM tickets
     WHERE revoked_at IS NULL AND redeemed_at IS NULL AND expires_at > $1)"};
// Changes one row, once: the first of two who race wins.
inline constexpr sql::Query<void(TicketId, Instant, sql::BytesView, std::string_view, WorkspaceId,
                                 TokenId, std::int64_t)>
    redeem{"tickets.redeem", R"(
    UPDATE tickets SET redeemed_at = $2, redeemed_key = $3, redeemed_from = $4, workspace_id = $5,
           token_id = $6, attempt = $7
     WHERE id = $1 AND revoked_at IS NULL AND redeemed_at IS NULL AND expires_at > $2)"};
inline constexpr sql::Query<void(TicketId, TokenId, std::int64_t)> redeem_again{
    "tickets.redeem_again", R"(
    UPDATE tickets SET token_id = $2, attempt = $3 WHERE id = $1 AND attempt < $3)"};
inline constexpr sql::Query<void(TicketId, Instant)> revoke{"tickets.revoke", R"(
    UPDATE tickets SET revoked_at = $2
     WHERE id = $1 AND revoked_at IS NULL AND redeemed_at IS NULL)"};
inline constexpr sql::Query<TicketId(WorkspaceId, Instant)> revoke_below{"tickets.revoke_below", R"(
    UPDATE tickets SET revoked_at = $2
     WHERE parent = $1 AND revoked_at IS NULL AND redeemed_at IS NULL AND expires_at > $2
    RETURNING id)"};
inline constexpr sql::Query<TicketId(KeyId, Instant)> revoke_made_by{"tickets.revoke_made_by", R"(
    UPDATE tickets SET revoked_at = $2
     WHERE made_by = $1 AND revoked_at IS NULL AND redeemed_at IS NULL AND expires_at > $2
    RETURNING id)"};
inline constexpr sql::Query<std::int64_t(TicketId)> is_redeemed{"tickets.is_redeemed", R"(
    SELECT COUNT(*) FROM tickets WHERE id = $1 AND redeemed_at IS NOT NULL)"};
inline constexpr sql::Query<void(Instant)> prune{"tickets.prune", R"(
    DELETE FROM tickets WHERE expires_at < $1)"};

struct KeyRow {
  WorkspaceId workspace_id;
  sql::Bytes public_key;
  Instant created_at;
};
BOOST_DESCRIBE_STRUCT(KeyRow, (), (workspace_id, public_key, created_at))
inline constexpr sql::Query<KeyRow()> all_keys{"agent_keys.all", R"(
    SELECT workspace_id, public_key, created_at FROM agent_keys)"};
inline constexpr sql::Query<KeyRow(WorkspaceId)> find_key{"agent_keys.find", R"(
    SELECT workspace_id, public_key, created_at FROM agent_keys WHERE workspace_id = $1)"};
inline constexpr sql::Query<void(WorkspaceId, sql::BytesView, Instant)> pin_key{"agent_keys.pin",
                                                                                R"(
    INSERT INTO agent_keys (workspace_id, public_key, created_at) VALUES ($1, $2, $3))"};
inline constexpr sql::Query<void(WorkspaceId)> forget_key{"agent_keys.forget", R"(
    DELETE FROM agent_keys WHERE workspace_id = $1)"};

}  // namespace molecule::tickets::store
