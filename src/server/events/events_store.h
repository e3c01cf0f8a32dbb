// Statements that tell of the log. They read the view `told`: internal facts are not in it.
#pragma once

#include <optional>
#include <string>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"
#include "platform/sql/query.h"

namespace molecule::events::store {

struct Row {
  std::int64_t seq = 0;
  Instant at;
  std::string type;
  std::optional<WorkspaceId> workspace_id;
  RawJson payload;
};
BOOST_DESCRIBE_STRUCT(Row, (), (seq, at, type, workspace_id, payload))

// What a page of rows is bounded by.
inline std::size_t size_of(const Row& row) { return row.payload.text.size(); }

// Of what is told; 0 when nothing is.
inline constexpr sql::Query<std::int64_t()> newest{"events.newest", R"(
    SELECT COALESCE((SELECT seq FROM told ORDER BY seq DESC LIMIT 1), 0))"};
inline constexpr sql::Query<std::int64_t()> floor{"events.floor", R"(
    SELECT COALESCE(MAX(value), 0) FROM sequences WHERE name = 'log.floor')"};
inline constexpr sql::Query<std::int64_t()> oldest{"events.oldest", R"(
    SELECT COALESCE(MIN(seq), 1) FROM log)"};

inline constexpr sql::Query<Row(std::int64_t, std::int64_t)> after{"events.after", R"(
    SELECT seq, at, type, workspace_id, payload FROM told WHERE seq > $1 ORDER BY seq LIMIT $2)"};
inline constexpr sql::Query<Row(std::int64_t, std::int64_t)> before{"events.before", R"(
    SELECT seq, at, type, workspace_id, payload FROM told WHERE seq < $1 ORDER BY seq DESC LIMIT $2)"};
inline constexpr sql::Query<Row(WorkspaceId, std::int64_t, std::int64_t)> before_of{
    "events.before_of", R"(
    SELECT seq, at, type, workspace_id, payload FROM told
     WHERE workspace_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3)"};

}  // namespace molecule::events::store
