// Statements of the secrets. Values are sealed before they come here.
#pragma once

#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/sql/query.h"
#include "platform/sql/value.h"

namespace molecule::secrets::store {

struct Row {
  std::string key;
  sql::Bytes sealed;
  Instant created_at;
  Instant updated_at;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, sealed, created_at, updated_at))

struct PlacedRow {
  WorkspaceId workspace_id;
  std::string key;
  sql::Bytes sealed;
};
BOOST_DESCRIBE_STRUCT(PlacedRow, (), (workspace_id, key, sealed))

struct InboundRow {
  WorkspaceId workspace_id;
  sql::Bytes sealed;
};
BOOST_DESCRIBE_STRUCT(InboundRow, (), (workspace_id, sealed))

struct KeptRow {
  std::string place;
  sql::Bytes sealed;
};
BOOST_DESCRIBE_STRUCT(KeptRow, (), (place, sealed))

// The keys that values are sealed with, by the id that stands in each (platform/crypto/seal.h).
inline constexpr sql::Query<sql::Bytes()> sealing_keys{"secrets.sealing_keys", R"(
    SELECT DISTINCT substr(sealed, 2, 4) FROM (
      SELECT sealed FROM global_secrets UNION ALL SELECT sealed FROM workspace_secrets
      UNION ALL SELECT sealed FROM inbound_secrets
      UNION ALL SELECT sealed FROM sealed_values) AS everything)"};

inline constexpr sql::Query<Row()> all_global{"secrets.all_global", R"(
    SELECT key, sealed, created_at, updated_at FROM global_secrets ORDER BY key)"};
inline constexpr sql::Query<Row(WorkspaceId)> all_of{"secrets.all_of", R"(
    SELECT key, sealed, created_at, updated_at FROM workspace_secrets WHERE workspace_id = $1 ORDER BY key)"};
inline constexpr sql::Query<Row(WorkspaceId, std::string_view)> find_of{"secrets.find_of", R"(
    SELECT key, sealed, created_at, updated_at FROM workspace_secrets WHERE workspace_id = $1 AND key = $2)"};

inline constexpr sql::Query<std::int64_t()> count_global{"secrets.count_global", R"(
    SELECT COUNT(*) FROM global_secrets)"};
inline constexpr sql::Query<std::int64_t(WorkspaceId)> count_of{"secrets.count_of", R"(
    SELECT COUNT(*) FROM workspace_secrets WHERE workspace_id = $1)"};

inline constexpr sql::Query<void(std::string_view, sql::BytesView, Instant)> put_global{
    "secrets.put_global", R"(
    INSERT INTO global_secrets (key, sealed, created_at, updated_at) VALUES ($1, $2, $3, $3)
    ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at)"};
inline constexpr sql::Query<void(WorkspaceId, std::string_view, sql::BytesView, Instant)> put_of{
    "secrets.put_of", R"(
    INSERT INTO workspace_secrets (workspace_id, key, sealed, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
    ON CONFLICT (workspace_id, key) DO UPDATE SET sealed = excluded.sealed, updated_at = excluded.updated_at)"};

inline constexpr sql::Query<void(std::string_view)> erase_global{"secrets.erase_global", R"(
    DELETE FROM global_secrets WHERE key = $1)"};
inline constexpr sql::Query<void(WorkspaceId, std::string_view)> erase_of{"secrets.erase_of", R"(
    DELETE FROM workspace_secrets WHERE workspace_id = $1 AND key = $2)"};
inline constexpr sql::Query<void(WorkspaceId)> erase_all_of{"secrets.erase_all_of", R"(
    DELETE FROM workspace_secrets WHERE workspace_id = $1)"};

// Sealing again: pages by place, and writes only over what was read.
inline constexpr sql::Query<Row(std::string_view, std::int64_t)> page_global{"secrets.page_global",
                                                                             R"(
    SELECT key, sealed, created_at, updated_at FROM global_secrets WHERE key > $1 ORDER BY key LIMIT $2)"};
inline constexpr sql::Query<PlacedRow(WorkspaceId, std::string_view, std::int64_t)> page_of{
    "secrets.page_of", R"(
    SELECT workspace_id, key, sealed FROM workspace_secrets
     WHERE workspace_id > $1 OR (workspace_id = $1 AND key > $2) ORDER BY workspace_id, key LIMIT $3)"};
inline constexpr sql::Query<void(std::string_view, sql::BytesView, sql::BytesView)> reseal_global{
    "secrets.reseal_global", R"(
    UPDATE global_secrets SET sealed = $3 WHERE key = $1 AND sealed = $2)"};
inline constexpr sql::Query<void(WorkspaceId, std::string_view, sql::BytesView, sql::BytesView)>
    reseal_of{"secrets.reseal_of", R"(
    UPDATE workspace_secrets SET sealed = $4 WHERE workspace_id = $1 AND key = $2 AND sealed = $3)"};

inline constexpr sql::Query<InboundRow()> all_inbound{"secrets.all_inbound", R"(
    SELECT workspace_id, sealed FROM inbound_secrets)"};
inline constexpr sql::Query<InboundRow(WorkspaceId)> find_inbound{"secrets.find_inbound", R"(
    SELECT workspace_id, sealed FROM inbound_secrets WHERE workspace_id = $1)"};
inline constexpr sql::Query<InboundRow(WorkspaceId, std::int64_t)> page_inbound{
    "secrets.page_inbound", R"(
    SELECT workspace_id, sealed FROM inbound_secrets WHERE workspace_id > $1 ORDER BY workspace_id LIMIT $2)"};
inline constexpr sql::Query<void(WorkspaceId, sql::BytesView, Instant)> put_inbound{
    "secrets.put_inbound", R"(
    INSERT INTO inbound_secrets (workspace_id, sealed, created_at) VALUES ($1, $2, $3)
    ON CONFLICT (workspace_id) DO UPDATE SET sealed = excluded.sealed, created_at = excluded.created_at)"};
inline constexpr sql::Query<void(WorkspaceId)> forget_inbound{"secrets.forget_inbound", R"(
    DELETE FROM inbound_secrets WHERE workspace_id = $1)"};
inline constexpr sql::Query<void(WorkspaceId, sql::BytesView, sql::BytesView)> reseal_inbound{
    "secrets.reseal_inbound", R"(
    UPDATE inbound_secrets SET sealed = $3 WHERE workspace_id = $1 AND sealed = $2)"};

inline constexpr sql::Query<KeptRow(std::string_view)> find_kept{"secrets.find_kept", R"(
    SELECT place, sealed FROM sealed_values WHERE place = $1)"};
inline constexpr sql::Query<void(std::string_view, sql::BytesView)> put_kept{"secrets.put_kept", R"(
    INSERT INTO sealed_values (place, sealed) VALUES ($1, $2)
    ON CONFLICT (place) DO UPDATE SET sealed = excluded.sealed)"};
inline constexpr sql::Query<void(std::string_view)> forget_kept{"secrets.forget_kept", R"(
    DELETE FROM sealed_values WHERE place = $1)"};
inline constexpr sql::Query<KeptRow(std::string_view, std::int64_t)> page_kept{"secrets.page_kept",
                                                                               R"(
    SELECT place, sealed FROM sealed_values WHERE place > $1 ORDER BY place LIMIT $2)"};
inline constexpr sql::Query<void(std::string_view, sql::BytesView, sql::BytesView)> reseal_kept{
    "secrets.reseal_kept", R"(
    UPDATE sealed_values SET sealed = $3 WHERE place = $1 AND sealed = $2)"};

}  // namespace molecule::secrets::store
