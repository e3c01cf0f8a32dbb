// Statements over dead_letters. Only this slice writes them; what a letter says is the ledger's.
#pragma once

#include "platform/sql/query.h"
#include "platform/sql/value.h"
#include "server/messages/messages.h"
#include "wire/api/dead_letters.h"

namespace molecule::dead_letters {

using Fate = api::DeadLetterFate;

struct Row {
  std::int64_t message = 0;
  WorkspaceId target_id;
  std::optional<WorkspaceId> source_id;
  messages::End end = messages::End::dead;
  Instant ended_at;
  Instant created_at;
  std::string summary;
  std::optional<std::string> error;
  std::optional<Fate> handled;
  std::optional<Instant> handled_at;
  std::optional<std::string> handled_by;
  std::optional<std::string> reason;
  std::optional<std::int64_t> again;
  std::optional<Instant> again_at;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (message, target_id, source_id, end, ended_at, created_at, summary, error,
                       handled, handled_at, handled_by, reason, again, again_at))

namespace store {

inline constexpr sql::Query<void(std::int64_t, WorkspaceId, std::optional<WorkspaceId>,
                                 messages::End, Instant)>
    insert{"dead_letters.insert", R"(
    INSERT INTO dead_letters (message, target_id, source_id, "end", ended_at) VALUES ($1, $2, $3, $4, $5))"};

namespace part {
inline constexpr std::string_view columns = R"(
    SELECT l.message, l.target_id, l.source_id, l."end", l.ended_at, m.created_at, m.summary, o.error, l.handled,
           l.handled_at, l.handled_by, l.reason, l.again, a.created_at
      FROM dead_letters l JOIN messages m ON m.seq = l.message JOIN outcomes o ON o.seq = l.message
      LEFT JOIN messages a ON a.seq = l.again)";
inline constexpr std::string_view one = R"(
     WHERE l.message = $1)";
// $1: of this workspace. $2: decided or not. $3: below this number.
inline constexpr std::string_view page = R"(
     WHERE (CAST($1 AS BYTEA) IS NULL OR l.target_id = $1)
       AND ((CAST($2 AS BIGINT) = 0 AND l.handled IS NULL) OR (CAST($2 AS BIGINT) = 1 AND l.handled IS NOT NULL))
       AND l.message < $3
     ORDER BY l.message DESC LIMIT $4)";
}  // namespace part

inline constexpr sql::Query<Row(std::int64_t)> find{"dead_letters.find",
                                                    sql::joined<part::columns, part::one>};
inline constexpr sql::Query<Row(std::optional<WorkspaceId>, std::int64_t, std::int64_t,
                                std::int64_t)>
    page{"dead_letters.page", sql::joined<part::columns, part::page>};

// The first decision stands.
inline constexpr sql::Query<void(std::int64_t, Fate, Instant, std::string_view, std::string_view,
                                 std::optional<std::int64_t>)>
    decide{"dead_letters.decide", R"(
    UPDATE dead_letters SET handled = $2, handled_at = $3, handled_by = $4, reason = $5, again = $6
     WHERE message = $1 AND handled IS NULL)"};

inline constexpr sql::Query<void(std::int64_t)> erase{"dead_letters.erase", R"(
    DELETE FROM dead_letters WHERE message = $1)"};
// Of messages between two numbers that are no more.
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> erase_orphans{
    "dead_letters.erase_orphans", R"(
    DELETE FROM dead_letters WHERE message > $1 AND message <= $2
       AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.seq = dead_letters.message))"};

}  // namespace store
}  // namespace molecule::dead_letters
