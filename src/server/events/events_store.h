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

// Of what is told; 0 when nothing is.
inline constexpr sql::Query<std::int64_t()> newest{"events.newest", R"(
    SELECT COALESCE((SELECT seq FROM told ORDER BY seq DESC LIMIT 1), 0))"};
inline constexpr sql::Query<std::int64_t()> floor{"events.floor", R"(
    SELECT COALESCE(MAX(value), 0) FROM sequences WHERE name = 'log.floor')"};
inline constexpr sql::Query<std::int64_t()> oldest{"events.oldest", R"(
    SELECT COALESCE(MIN(seq), 1) FROM log)"};

inline constexpr sql::Query<Row(std::int64_t, std::int64_t)> after{"events.after", R"(
    SELECT seq, at, type, workspace_id, payload FROM told WHERE seq > $1 ORDER BY seq LIMIT $2)"};
// How many of the next facts are within a size together.
inline constexpr sql::Query<std::int64_t(std::int64_t, std::int64_t, std::int64_t)> fitting_after{
    "events.fitting_after", R"(
    SELECT COUNT(*) FROM (
      SELECT SUM(size) OVER (ORDER BY seq) AS total FROM (
        SELECT seq, LENGTH(payload) AS size FROM told WHERE seq > $1 ORDER BY seq LIMIT $2) AS page) AS sized
     WHERE total <= $3)"};
inline constexpr sql::Query<std::int64_t(std::int64_t, std::int64_t, std::int64_t)> fitting_before{
    "events.fitting_before", R"(
    SELECT COUNT(*) FROM (
      SELECT SUM(size) OVER (ORDER BY seq DESC) AS total FROM (
        SELECT seq, LENGTH(payload) AS size FROM told WHERE seq < $1 ORDER BY seq DESC LIMIT $2) AS page) AS sized
     WHERE total <= $3)"};
inline constexpr sql::Query<std::int64_t(WorkspaceId, std::int64_t, std::int64_t, std::int64_t)>
    fitting_before_of{"events.fitting_before_of", R"(
    SELECT COUNT(*) FROM (
      SELECT SUM(size) OVER (ORDER BY seq DESC) AS total FROM (
        SELECT seq, LENGTH(payload) AS size FROM told
         WHERE workspace_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3) AS page) AS sized
     WHERE total <= $4)"};

inline constexpr sql::Query<Row(std::int64_t, std::int64_t)> before{"events.before", R"(
    SELECT seq, at, type, workspace_id, payload FROM told WHERE seq < $1 ORDER BY seq DESC LIMIT $2)"};
inline constexpr sql::Query<Row(WorkspaceId, std::int64_t, std::int64_t)> before_of{
    "events.before_of", R"(
    SELECT seq, at, type, workspace_id, payload FROM told
     WHERE workspace_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3)"};

}  // namespace molecule::events::store
