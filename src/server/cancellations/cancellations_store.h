// Statements over cancellations. Only this slice writes them.
#pragma once

#include "platform/sql/query.h"
#include "platform/sql/value.h"
#include "server/messages/messages.h"

namespace molecule::cancellations::store {

// Of a message that is noted already nothing changes.
inline constexpr sql::Query<void(std::int64_t, Instant)> insert{"cancellations.insert", R"(
    INSERT INTO cancellations (message, since, walked, tell_at, attempts) VALUES ($1, $2, 0, NULL, 0)
        ON CONFLICT (message) DO NOTHING)"};
inline constexpr sql::Query<std::int64_t(std::int64_t)> find{"cancellations.find", R"(
    SELECT message FROM cancellations WHERE message = $1)"};

// What was asked because of a message, behind one of them; by the index over parents.
inline constexpr sql::Query<std::int64_t(std::int64_t, std::int64_t, std::int64_t)> below{
    "cancellations.below", R"(
    SELECT seq FROM messages WHERE parent_seq = $1 AND seq > $2 ORDER BY seq LIMIT $3)"};

struct ToWalk {
  std::int64_t message = 0;
  std::int64_t walked = 0;
};
BOOST_DESCRIBE_STRUCT(ToWalk, (), (message, walked))
inline constexpr sql::Query<ToWalk(std::int64_t, std::int64_t)> to_walk{"cancellations.to_walk", R"(
    SELECT message, walked FROM cancellations WHERE walked IS NOT NULL AND message > $1 ORDER BY message LIMIT $2)"};
inline constexpr sql::Query<void(std::int64_t, std::optional<std::int64_t>)> walk{
    "cancellations.walk", R"(
    UPDATE cancellations SET walked = $2 WHERE message = $1)"};

inline constexpr sql::Query<void(std::int64_t, Instant)> tell{"cancellations.tell", R"(
    UPDATE cancellations SET tell_at = $2 WHERE message = $1)"};
struct ToTell {
  std::int64_t message = 0;
  WorkspaceId target_id;
  std::int64_t attempts = 0;
};
BOOST_DESCRIBE_STRUCT(ToTell, (), (message, target_id, attempts))
// $2 of them, behind the first $3. What is put off beyond $4, further than any wait goes, was noted
// by a clock that was wrong.
inline constexpr sql::Query<ToTell(Instant, std::int64_t, std::int64_t, Instant)> to_tell{
    "cancellations.to_tell", R"(
    SELECT c.message, m.target_id, c.attempts FROM cancellations c JOIN messages m ON m.seq = c.message
     WHERE c.tell_at <= $1 OR c.tell_at > $4 ORDER BY c.tell_at, c.message LIMIT $2 OFFSET $3)"};
inline constexpr sql::Query<void(std::int64_t)> told{"cancellations.told", R"(
    UPDATE cancellations SET tell_at = NULL WHERE message = $1)"};
inline constexpr sql::Query<void(std::int64_t, Instant)> tell_again{"cancellations.tell_again", R"(
    UPDATE cancellations SET tell_at = $2, attempts = attempts + 1 WHERE message = $1)"};

inline constexpr sql::Query<void(std::int64_t)> erase{"cancellations.erase", R"(
    DELETE FROM cancellations WHERE message = $1)"};
// Of messages between two numbers that are no more.
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> erase_orphans{
    "cancellations.erase_orphans", R"(
    DELETE FROM cancellations WHERE message > $1 AND message <= $2
       AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.seq = cancellations.message))"};

}  // namespace molecule::cancellations::store
