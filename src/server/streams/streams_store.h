// Statements over streams and pieces. Only this slice writes them.
#pragma once

#include "base/fields.h"
#include "base/instant.h"
#include "platform/sql/query.h"

namespace molecule::streams {

// One event of an answer: compact JSON with one member, `result` or `error` (a2a::piece_of).
struct Piece {
  std::int64_t number = 0;
  std::string data;
};
BOOST_DESCRIBE_STRUCT(Piece, (), (number, data))

namespace store {

// Written again after a commit that nobody knows of, hence the conflicts.
inline constexpr sql::Query<void(std::int64_t)> begin{"streams.begin", R"(
    INSERT INTO streams (message) VALUES ($1) ON CONFLICT DO NOTHING)"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t, std::string_view)> insert{
    "streams.insert", R"(
    INSERT INTO pieces (message, number, data) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING)"};

inline constexpr sql::Query<std::optional<std::int64_t>(std::int64_t)> newest{"streams.newest", R"(
    SELECT MAX(number) FROM pieces WHERE message = $1)"};
inline constexpr sql::Query<std::string(std::int64_t)> last{"streams.last", R"(
    SELECT data FROM pieces WHERE message = $1 ORDER BY number DESC LIMIT 1)"};
inline constexpr sql::Query<Piece(std::int64_t, std::int64_t, std::int64_t)> after{"streams.after",
                                                                                   R"(
    SELECT number, data FROM pieces WHERE message = $1 AND number > $2 ORDER BY number LIMIT $3)"};

// Streams whose messages ended before an instant.
inline constexpr sql::Query<std::int64_t(Instant, std::int64_t)> ended{"streams.ended", R"(
    SELECT streams.message FROM streams JOIN outcomes ON outcomes.seq = streams.message
     WHERE outcomes.ended_at < $1 ORDER BY streams.message LIMIT $2)"};
inline constexpr sql::Query<void(std::int64_t)> erase{"streams.erase",
                                                      "DELETE FROM streams WHERE message = $1"};
inline constexpr sql::Query<std::optional<std::int64_t>(std::int64_t)> oldest{"streams.oldest", R"(
    SELECT MIN(number) FROM pieces WHERE message = $1)"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> erase_before{"streams.erase_before",
                                                                           R"(
    DELETE FROM pieces WHERE message = $1 AND number < $2)"};
// Of messages between two numbers that are no more.
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> erase_orphans{"streams.erase_orphans",
                                                                            R"(
    DELETE FROM pieces WHERE message > $1 AND message <= $2
       AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.seq = pieces.message))"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> erase_orphaned{
    "streams.erase_orphaned", R"(
    DELETE FROM streams WHERE message > $1 AND message <= $2
       AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.seq = streams.message))"};
inline constexpr sql::Query<void(std::int64_t)> erase_pieces{
    "streams.erase_pieces", "DELETE FROM pieces WHERE message = $1"};

}  // namespace store
}  // namespace molecule::streams
