// Statements that write the log, and read what memory follows.
#pragma once

#include <optional>
#include <string>

#include "base/aged.h"
#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"
#include "platform/sql/query.h"

namespace molecule::facts::store {

inline constexpr sql::Query<void(std::int64_t, Instant, std::string_view,
                                 std::optional<WorkspaceId>, RawJson)>
    append{"facts.append", R"(
    INSERT INTO log (seq, at, type, workspace_id, payload) VALUES ($1, $2, $3, $4, $5))"};
inline constexpr sql::Query<void(std::int64_t, Instant, std::string_view,
                                 std::optional<WorkspaceId>, RawJson)>
    append_internal{"facts.append_internal", R"(
    INSERT INTO log (seq, at, type, workspace_id, payload, internal) VALUES ($1, $2, $3, $4, $5, 1))"};

// The numbering may have gone on elsewhere since the newest fact.
inline constexpr sql::Query<std::int64_t()> newest{"facts.newest", R"(
    SELECT COALESCE(MAX(seq), 0) FROM (
      SELECT MAX(seq) AS seq FROM log UNION ALL SELECT value FROM sequences WHERE name = 'log') AS ends)"};

struct Head {
  std::int64_t seq = 0;
  std::string type;
  bool internal = false;
};
BOOST_DESCRIBE_STRUCT(Head, (), (seq, type, internal))
inline constexpr sql::Query<Head(std::int64_t, std::int64_t, std::int64_t)> heads{"facts.heads", R"(
    SELECT seq, type, internal FROM log WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3)"};
struct Row {
  Instant at;
  std::optional<WorkspaceId> workspace_id;
  RawJson payload;
};
BOOST_DESCRIBE_STRUCT(Row, (), (at, workspace_id, payload))
inline constexpr sql::Query<Row(std::int64_t)> find{"facts.find", R"(
    SELECT at, workspace_id, payload FROM log WHERE seq = $1)"};

// Retention, a slice of the positions at a time. The newest row and the newest that is told stay, so
// that positions never start over.
inline constexpr sql::Query<Aged(std::int64_t, std::int64_t)> slice{"facts.slice", R"(
    SELECT seq, at FROM log WHERE seq > $1 ORDER BY seq LIMIT $2)"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t, Instant)> prune{"facts.prune", R"(
    DELETE FROM log WHERE seq > $1 AND seq <= $2 AND at < $3 AND seq < (SELECT MAX(seq) FROM log)
       AND seq < COALESCE((SELECT seq FROM told ORDER BY seq DESC LIMIT 1), 0))"};

}  // namespace molecule::facts::store
