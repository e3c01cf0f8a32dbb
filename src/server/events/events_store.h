// Statements of the log.
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

inline constexpr sql::Query<void(std::int64_t, Instant, std::string_view,
                                 std::optional<WorkspaceId>, RawJson)>
    append{"events.append", R"(
    INSERT INTO log (seq, at, type, workspace_id, payload) VALUES ($1, $2, $3, $4, $5))"};

// The numbering may have gone on elsewhere since the newest fact.
inline constexpr sql::Query<std::int64_t()> newest{"events.newest", R"(
    SELECT COALESCE(MAX(seq), 0) FROM (
      SELECT MAX(seq) AS seq FROM log UNION ALL SELECT value FROM sequences WHERE name = 'log') AS ends)"};
inline constexpr sql::Query<std::int64_t()> floor{"events.floor", R"(
    SELECT COALESCE(MAX(value), 0) FROM sequences WHERE name = 'log.floor')"};
inline constexpr sql::Query<std::int64_t()> oldest{"events.oldest", R"(
    SELECT COALESCE(MIN(seq), 1) FROM log)"};

inline constexpr sql::Query<Row(std::int64_t, std::int64_t)> after{"events.after", R"(
    SELECT seq, at, type, workspace_id, payload FROM log WHERE seq > $1 ORDER BY seq LIMIT $2)"};
// How many of the next facts are within a size together.
inline constexpr sql::Query<std::int64_t(std::int64_t, std::int64_t, std::int64_t)> fitting_after{
    "events.fitting_after", R"(
    SELECT COUNT(*) FROM (
      SELECT SUM(size) OVER (ORDER BY seq) AS total FROM (
        SELECT seq, LENGTH(payload) AS size FROM log WHERE seq > $1 ORDER BY seq LIMIT $2) AS page) AS sized
     WHERE total <= $3)"};
inline constexpr sql::Query<std::int64_t(std::int64_t, std::int64_t, std::int64_t)> fitting_before{
    "events.fitting_before", R"(
    SELECT COUNT(*) FROM (
      SELECT SUM(size) OVER (ORDER BY seq DESC) AS total FROM (
        SELECT seq, LENGTH(payload) AS size FROM log WHERE seq < $1 ORDER BY seq DESC LIMIT $2) AS page) AS sized
     WHERE total <= $3)"};
inline constexpr sql::Query<std::int64_t(WorkspaceId, std::int64_t, std::int64_t, std::int64_t)>
    fitting_before_of{"events.fitting_before_of", R"(
    SELECT COUNT(*) FROM (
      SELECT SUM(size) OVER (ORDER BY seq DESC) AS total FROM (
        SELECT seq, LENGTH(payload) AS size FROM log
         WHERE workspace_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3) AS page) AS sized
     WHERE total <= $4)"};

inline constexpr sql::Query<Row(std::int64_t, std::int64_t)> before{"events.before", R"(
    SELECT seq, at, type, workspace_id, payload FROM log WHERE seq < $1 ORDER BY seq DESC LIMIT $2)"};
inline constexpr sql::Query<Row(WorkspaceId, std::int64_t, std::int64_t)> before_of{
    "events.before_of", R"(
    SELECT seq, at, type, workspace_id, payload FROM log
     WHERE workspace_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3)"};

// The newest row stays, so that positions never start over.
inline constexpr sql::Query<void(Instant, std::int64_t)> prune{"events.prune", R"(
    DELETE FROM log WHERE at < $1 AND seq < (SELECT MAX(seq) FROM log)
       AND seq < (SELECT MIN(seq) FROM log) + $2)"};

}  // namespace molecule::events::store
