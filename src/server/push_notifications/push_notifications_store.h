// Statements over push_notification_configs and push_notifications. Only this slice writes them.
#pragma once

#include "platform/sql/query.h"
#include "platform/sql/value.h"
#include "server/messages/messages.h"

namespace molecule::push_notifications {

using Key = Id<struct PushNotificationConfigTag>;

// A configuration without its secrets.
struct Row {
  Key key;
  std::int64_t message = 0;
  std::string id;
  std::optional<WorkspaceId> owner_id;  // Who set it; empty: an operator.
  WorkspaceId target_id;
  std::string generation;  // v03 or v10: what its receiver reads.
  std::optional<std::string> task_id;
  std::string url;
};
BOOST_DESCRIBE_STRUCT(Row, (), (key, message, id, owner_id, target_id, generation, task_id, url))

// The next change that a receiver is told.
struct Due {
  Key key;
  std::int64_t message = 0;
  std::string id;
  std::optional<WorkspaceId> owner_id;
  WorkspaceId target_id;
  std::string generation;
  std::optional<std::string> task_id;
  std::string url;
  std::int64_t attempts = 0;
  std::int64_t number = 0;
  std::string state;
  Instant at;
};
BOOST_DESCRIBE_STRUCT(Due, (),
                      (key, message, id, owner_id, target_id, generation, task_id, url, attempts,
                       number, state, at))

namespace store {

inline constexpr sql::Query<void(Key, std::int64_t, std::string_view, std::optional<WorkspaceId>,
                                 WorkspaceId, std::string_view, std::optional<std::string>,
                                 std::string_view, std::string_view, Instant,
                                 std::optional<Instant>)>
    insert{"push_notifications.insert", R"(
    INSERT INTO push_notification_configs (key, message, id, owner_id, target_id, generation, task_id, url, state,
                                           number, told, due, attempts, created_at, ended_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, NULL, 0, $10, $11))"};

namespace part {
inline constexpr std::string_view columns = R"(
    SELECT key, message, id, owner_id, target_id, generation, task_id, url FROM push_notification_configs)";
inline constexpr std::string_view of_message = R"(
     WHERE message = $1 ORDER BY created_at, id)";
inline constexpr std::string_view of_task = R"(
     WHERE target_id = $2 AND message IN (SELECT t.message FROM tasks t WHERE t.task_id = $1 AND t.agent_id = $2
                                             AND COALESCE(t.source_id, t.agent_id) = COALESCE($3, t.agent_id)))";
inline constexpr std::string_view of_owner = R"(
     WHERE owner_id = $1)";
inline constexpr std::string_view of_pruned = R"(
     WHERE message > $1 AND message <= $2
       AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.seq = push_notification_configs.message))";
inline constexpr std::string_view over = R"(
     WHERE ended_at < $1 AND due IS NULL LIMIT $2)";
}  // namespace part

inline constexpr sql::Query<Row(std::int64_t)> of_message{
    "push_notifications.of_message", sql::joined<part::columns, part::of_message>};
// Of an earlier message of the same agent's task and sender.
inline constexpr sql::Query<Row(std::string_view, WorkspaceId, std::optional<WorkspaceId>)> of_task{
    "push_notifications.of_task", sql::joined<part::columns, part::of_task>};
inline constexpr sql::Query<Row(WorkspaceId)> of_owner{"push_notifications.of_owner",
                                                       sql::joined<part::columns, part::of_owner>};
// How many one workspace has set, counted up to $2.
inline constexpr sql::Query<std::int64_t(WorkspaceId, std::int64_t)> owned{
    "push_notifications.owned", R"(
    SELECT COUNT(*) FROM (SELECT 1 FROM push_notification_configs WHERE owner_id = $1 LIMIT $2) AS counted)"};
inline constexpr sql::Query<Row(std::int64_t, std::int64_t)> of_pruned{
    "push_notifications.of_pruned", sql::joined<part::columns, part::of_pruned>};
// Whose task ended before then, and whose receiver knows.
inline constexpr sql::Query<Row(Instant, std::int64_t)> over{
    "push_notifications.over", sql::joined<part::columns, part::over>};

inline constexpr sql::Query<void(Key, std::int64_t)> move{"push_notifications.move", R"(
    UPDATE push_notification_configs SET message = $2 WHERE key = $1)"};
// By which id its receiver knows the task, once that is known.
inline constexpr sql::Query<void(std::int64_t, std::string_view)> name{"push_notifications.name",
                                                                       R"(
    UPDATE push_notification_configs SET task_id = $2 WHERE message = $1 AND task_id IS NULL)"};

// A change of a task's state: $2. $3: when, in `count` when it is due. $4: so many may wait. $5: at
// its end.
inline constexpr sql::Query<void(std::int64_t, std::string_view, Instant, std::int64_t)> add{
    "push_notifications.add", R"(
    INSERT INTO push_notifications (key, number, state, at)
    SELECT key, number + 1, $2, $3 FROM push_notification_configs
     WHERE message = $1 AND state <> $2 AND ended_at IS NULL AND number - told < $4)"};
inline constexpr sql::Query<void(std::int64_t, std::string_view, Instant, std::int64_t,
                                 std::optional<Instant>)>
    count{"push_notifications.count", R"(
    UPDATE push_notification_configs SET number = number + 1, state = $2, due = COALESCE(due, $3), ended_at = $5
     WHERE message = $1 AND state <> $2 AND ended_at IS NULL AND number - told < $4)"};

// Whose receivers are due; those of whom some were never tried first.
struct DueOwner {
  std::optional<WorkspaceId> owner_id;
};
BOOST_DESCRIBE_STRUCT(DueOwner, (), (owner_id))
inline constexpr sql::Query<DueOwner(Instant, std::int64_t, Instant)> due_owners{
    "push_notifications.due_owners", R"(
    SELECT owner_id FROM push_notification_configs WHERE due <= $1 OR due > $3
     GROUP BY owner_id ORDER BY CASE WHEN MIN(attempts) = 0 THEN 0 ELSE 1 END, MIN(due) LIMIT $2)"};

namespace part {
inline constexpr std::string_view due = R"(
    SELECT c.key, c.message, c.id, c.owner_id, c.target_id, c.generation, c.task_id, c.url, c.attempts,
           n.number, n.state, n.at
      FROM push_notification_configs c JOIN push_notifications n ON n.key = c.key AND n.number = c.told + 1
     WHERE (c.due <= $1 OR c.due > $4))";
inline constexpr std::string_view untried_first = R"(
     ORDER BY CASE WHEN c.attempts = 0 THEN 0 ELSE 1 END, c.due, c.key LIMIT $2 OFFSET $3)";
inline constexpr std::string_view owned_by = R"( AND c.owner_id = $5)";
inline constexpr std::string_view of_people = R"( AND c.owner_id IS NULL)";
}  // namespace part

// $2 of one owner's, behind the first $3.
inline constexpr sql::Query<Due(Instant, std::int64_t, std::int64_t, Instant, WorkspaceId)>
    due_of_owner{"push_notifications.due_of_owner",
                 sql::joined<part::due, part::owned_by, part::untried_first>};
inline constexpr sql::Query<Due(Instant, std::int64_t, std::int64_t, Instant)> due_of_people{
    "push_notifications.due_of_people",
    sql::joined<part::due, part::of_people, part::untried_first>};
// The receiver took it; what is next is due at $3.
inline constexpr sql::Query<void(Key, std::int64_t, Instant)> took{"push_notifications.took", R"(
    UPDATE push_notification_configs
       SET told = $2, attempts = 0, due = CASE WHEN number > $2 THEN CAST($3 AS BIGINT) ELSE NULL END
     WHERE key = $1 AND told = $2 - 1)"};
inline constexpr sql::Query<void(Key, std::int64_t)> let_go{"push_notifications.let_go", R"(
    DELETE FROM push_notifications WHERE key = $1 AND number <= $2)"};
inline constexpr sql::Query<void(Key, std::int64_t, Instant)> again{"push_notifications.again", R"(
    UPDATE push_notification_configs SET attempts = attempts + 1, due = $3 WHERE key = $1 AND told = $2 - 1)"};
inline constexpr sql::Query<Row(Key)> of_key{"push_notifications.of_key", R"(
    SELECT key, message, id, owner_id, target_id, generation, task_id, url FROM push_notification_configs
     WHERE key = $1)"};
inline constexpr sql::Query<void(Key)> erase{"push_notifications.erase", R"(
    DELETE FROM push_notification_configs WHERE key = $1)"};
inline constexpr sql::Query<void(Key)> erase_changes{"push_notifications.erase_changes", R"(
    DELETE FROM push_notifications WHERE key = $1)"};

// At start: which messages are watched, and which of them are over while their task goes on.
struct Watched {
  std::int64_t message = 0;
  std::int64_t asked = 0;  // 1: its agent has to be asked how the task stands.
};
BOOST_DESCRIBE_STRUCT(Watched, (), (message, asked))
inline constexpr sql::Query<Watched()> watched{"push_notifications.watched", R"(
    SELECT c.message, CAST(MAX(CASE WHEN c.ended_at IS NULL AND o.seq IS NOT NULL THEN 1 ELSE 0 END) AS BIGINT)
      FROM push_notification_configs c LEFT JOIN outcomes o ON o.seq = c.message GROUP BY c.message)"};

}  // namespace store
}  // namespace molecule::push_notifications
