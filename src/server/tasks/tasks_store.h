// Statements over tasks and what is listed of them. Only this slice writes tasks.
//
// A list is made of a slice of the messages of a workspace, which the feed's index knows, and of
// the tail that it does not hold yet.
#pragma once

#include "platform/sql/query.h"
#include "platform/sql/value.h"
#include "server/messages/messages.h"

namespace molecule::tasks {

// A task that an agent made of a message.
struct Row {
  std::int64_t message = 0;
  std::string task_id;
  std::string context_id;
  std::string state;  // As A2A 0.3 names it.
  Instant changed_at;
};
BOOST_DESCRIBE_STRUCT(Row, (), (message, task_id, context_id, state, changed_at))

namespace store {

inline constexpr sql::Query<void(std::int64_t, std::string_view, std::string_view, std::string_view,
                                 Instant)>
    note{"tasks.note", R"(
    INSERT INTO tasks (message, agent_id, source_id, task_id, context_id, state, changed_at)
    SELECT seq, target_id, source_id, $2, $3, $4, $5 FROM messages WHERE seq = $1
        ON CONFLICT (message) DO UPDATE SET task_id = excluded.task_id, context_id = excluded.context_id,
                                            state = excluded.state, changed_at = excluded.changed_at)"};

inline constexpr sql::Query<Row(std::int64_t)> of_message{"tasks.of_message", R"(
    SELECT message, task_id, context_id, state, changed_at FROM tasks WHERE message = $1)"};

// By their own index, so that start does not read every task there was.
inline constexpr sql::Query<std::int64_t(std::int64_t)> going_on{"tasks.going_on", R"(
    SELECT t.message FROM tasks t JOIN outcomes o ON o.seq = t.message
     WHERE t.state IN ('working', 'submitted') AND o."end" = 'answered'
     ORDER BY t.message DESC LIMIT $1)"};

// The newest message of a task, by its agent's id. $3: only its sender's; NULL: anybody's.
inline constexpr sql::Query<Row(std::string_view, WorkspaceId, std::optional<WorkspaceId>)> by_id{
    "tasks.by_id", R"(
    SELECT message, task_id, context_id, state, changed_at
      FROM tasks WHERE task_id = $1 AND agent_id = $2 AND (CAST($3 AS BYTEA) IS NULL OR source_id = $3)
     ORDER BY message DESC LIMIT 1)"};

// A message and how it stands, without what it and its answer say.
struct TreeRow {
  std::int64_t seq = 0;
  std::optional<std::int64_t> parent_seq;
  std::optional<std::int64_t> answer;
  WorkspaceId target_id;
  std::optional<WorkspaceId> source_id;
  std::optional<DelegationId> delegation_id;
  Instant created_at;
  std::string summary;
  std::optional<messages::State> state;
  std::optional<std::int64_t> attempts;
  std::optional<std::string> why;  // It waits.
  std::optional<messages::End> end;
  std::optional<Instant> ended_at;
  std::optional<std::string> error;
  std::optional<std::string> failure;  // What an agent's task failed with, if that is short.
  std::optional<std::string> task_id;
  std::optional<std::string> task_state;
  std::optional<Instant> changed_at;
  std::int64_t below = 0;  // 1: something was asked because of it.
};
BOOST_DESCRIBE_STRUCT(TreeRow, (),
                      (seq, parent_seq, answer, target_id, source_id, delegation_id, created_at,
                       summary, state, attempts, why, end, ended_at, error, failure, task_id,
                       task_state, changed_at, below))
namespace part {
// Of a task that its agent went on with: its delegation may know the end, from elsewhere or because
// it was called off.
inline constexpr std::string_view tree = R"(
    SELECT m.seq, m.parent_seq, m.answer, m.target_id, m.source_id, m.delegation_id, m.created_at,
           SUBSTR(m.summary, 1, 300), d.state, d.attempts, SUBSTR(d.why, 1, 600), o."end", o.ended_at,
           SUBSTR(o.error, 1, 600),
           CASE WHEN o."end" <> 'failed' OR t.message IS NULL THEN NULL
                WHEN o.size <= 4096 THEN o.body ELSE '{"jsonrpc":"2.0"}' END,
           t.task_id, CASE WHEN g.status IS NULL THEN t.state ELSE g.status END,
           CASE WHEN g.status IS NULL THEN t.changed_at ELSE g.updated_at END,
           CAST(CASE WHEN EXISTS (SELECT 1 FROM messages c WHERE c.parent_seq = m.seq) THEN 1 ELSE 0 END AS BIGINT)
      FROM messages m LEFT JOIN deliveries d ON d.seq = m.seq LEFT JOIN outcomes o ON o.seq = m.seq
      LEFT JOIN tasks t ON t.message = m.seq
      LEFT JOIN delegations g ON g.delegation_id = m.delegation_id AND t.state IN ('working', 'submitted')
                             AND g.status IN ('completed', 'failed', 'canceled'))";
inline constexpr std::string_view of_number = R"(
     WHERE m.seq = $1)";
// By the index over parents.
inline constexpr std::string_view of_parent = R"(
     WHERE m.parent_seq = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3)";
}  // namespace part
inline constexpr sql::Query<TreeRow(std::int64_t)> tree_node{
    "tasks.tree_node", sql::joined<part::tree, part::of_number>};
inline constexpr sql::Query<TreeRow(std::int64_t, std::int64_t, std::int64_t)> tree_below{
    "tasks.tree_below", sql::joined<part::tree, part::of_parent>};

// A task of a person whose agent asks for something, by its newest message. One that somebody
// has gone on with is none any more, also where its agent makes nothing of that.
struct Asked {
  std::int64_t seq = 0;
  WorkspaceId target_id;
  Instant created_at;
  std::string summary;
  std::string task_id;
  std::string context_id;
  std::string state;
  Instant changed_at;
};
BOOST_DESCRIBE_STRUCT(Asked, (),
                      (seq, target_id, created_at, summary, task_id, context_id, state, changed_at))
// $1: below this message. Newest first.
inline constexpr sql::Query<Asked(std::int64_t, std::int64_t)> asking{"tasks.asking", R"(
    SELECT t.message, t.agent_id, m.created_at, SUBSTR(m.summary, 1, 300), t.task_id, t.context_id, t.state,
           t.changed_at
      FROM tasks t JOIN messages m ON m.seq = t.message
      LEFT JOIN outcomes o ON o.seq = t.message
     WHERE t.source_id IS NULL AND (t.state = 'input-required' OR t.state = 'auth-required') AND t.message < $1
       AND (o."end" IS NULL OR o."end" = 'answered')
       AND NOT EXISTS (SELECT 1 FROM tasks later
                        WHERE later.task_id = t.task_id AND later.agent_id = t.agent_id
                          AND later.message > t.message AND later.source_id IS NULL)
       AND (t.context_id = '' OR NOT EXISTS (
            SELECT 1 FROM (SELECT seq FROM feed WHERE workspace_id = t.agent_id AND seq > t.message
                           UNION ALL
                           SELECT seq FROM messages
                            WHERE seq > (SELECT seq FROM feed_position WHERE name = 'activity')
                              AND seq > t.message AND target_id = t.agent_id) f
              JOIN messages said ON said.seq = f.seq
             WHERE said.target_id = t.agent_id AND said.source_id IS NULL AND said.context_id = t.context_id
               AND REPLACE(said.body, '"' || t.task_id || '"', '') <> said.body))
     ORDER BY t.message DESC LIMIT $2)"};

inline constexpr sql::Query<void(std::int64_t)> erase{"tasks.erase", R"(
    DELETE FROM tasks WHERE message = $1)"};
// Of messages between two numbers that are no more.
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> erase_orphans{"tasks.erase_orphans",
                                                                            R"(
    DELETE FROM tasks WHERE message > $1 AND message <= $2
       AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.seq = tasks.message))"};

// A place in a list: newest change first.
struct Listed {
  std::int64_t seq = 0;
  Instant at;
  std::int64_t bytes = 0;  // Of the message and its answer.
};
BOOST_DESCRIBE_STRUCT(Listed, (), (seq, at, bytes))

namespace part {
// $1: the workspace. $2: its messages from this number on; $8: and below this one, the greatest
// there can be for the first slice. $3: only from this sender, whose open messages and tasks that
// are being worked on are of the first slice however old they are. $4: the conversation; $5: the
// message whose id is its name. $6: the state. $7: changed then or later.
inline constexpr std::string_view found = R"(
      FROM (SELECT m.seq AS seq, COALESCE(t.changed_at, o.ended_at, m.created_at) AS at,
                   m.size + COALESCE(o.size, 0) AS bytes,
                   CASE WHEN o."end" IS NULL AND t.state IS NOT NULL THEN t.state
                        WHEN o."end" IS NULL AND d.state = 'leased' THEN 'working'
                        WHEN o."end" IS NULL THEN 'submitted'
                        WHEN o."end" = 'canceled' THEN 'canceled'
                        WHEN o."end" = 'answered' THEN COALESCE(t.state, 'completed')
                        WHEN o."end" = 'failed' AND t.state IN ('rejected', 'canceled') THEN t.state
                        ELSE 'failed' END AS state
              FROM (SELECT seq FROM feed WHERE workspace_id = $1 AND seq >= $2 AND seq < $8
                    UNION ALL
                    SELECT seq FROM messages
                     WHERE seq > (SELECT seq FROM feed_position WHERE name = 'activity') AND target_id = $1
                       AND seq >= $2 AND seq < $8
                    UNION ALL
                    SELECT seq FROM (SELECT seq FROM deliveries
                                      WHERE seq < $2 AND $8 = 9223372036854775807 AND target_id = $1 AND source_id = $3
                                     UNION
                                     SELECT message FROM tasks
                                      WHERE message < $2 AND $8 = 9223372036854775807 AND agent_id = $1
                                        AND source_id = $3 AND state IN ('working', 'submitted')) AS older) f
              JOIN messages m ON m.seq = f.seq
              LEFT JOIN deliveries d ON d.seq = m.seq
              LEFT JOIN outcomes o ON o.seq = m.seq
              LEFT JOIN tasks t ON t.message = m.seq
             WHERE m.target_id = $1
               AND (CAST($3 AS BYTEA) IS NULL OR m.source_id = $3)
               AND ($8 = 9223372036854775807 OR CAST($3 AS BYTEA) IS NULL
                    OR (d.seq IS NULL AND COALESCE(t.state, '') NOT IN ('working', 'submitted')))
               AND (CAST($4 AS TEXT) IS NULL OR COALESCE(m.context_id, t.context_id, '') = $4
                    OR (m.seq = $5 AND m.context_id IS NULL AND COALESCE(t.context_id, '') = ''))
               AND (t.task_id IS NULL OR NOT EXISTS (
                    SELECT 1 FROM tasks later
                     WHERE later.task_id = t.task_id AND later.agent_id = t.agent_id AND later.message > t.message
                       AND COALESCE(later.source_id, later.agent_id) = COALESCE(t.source_id, t.agent_id)))) listed
     WHERE (CAST($6 AS TEXT) IS NULL OR state = $6) AND (CAST($7 AS BIGINT) IS NULL OR at >= $7))";
inline constexpr std::string_view columns = R"(
    SELECT seq, at, bytes)";
// $9 and $10: behind this place. $11: so many.
inline constexpr std::string_view page = R"(
       AND (CAST($9 AS BIGINT) IS NULL OR at < $9 OR (at = $9 AND seq < $10))
     ORDER BY at DESC, seq DESC LIMIT $11)";
inline constexpr std::string_view count = R"(
    SELECT COUNT(*))";
}  // namespace part

inline constexpr sql::Query<Listed(WorkspaceId, std::int64_t, std::optional<WorkspaceId>,
                                   std::optional<std::string>, std::optional<std::int64_t>,
                                   std::optional<std::string>, std::optional<Instant>, std::int64_t,
                                   std::optional<Instant>, std::int64_t, std::int64_t)>
    list{"tasks.list", sql::joined<part::columns, part::found, part::page>};
inline constexpr sql::Query<std::int64_t(
    WorkspaceId, std::int64_t, std::optional<WorkspaceId>, std::optional<std::string>,
    std::optional<std::int64_t>, std::optional<std::string>, std::optional<Instant>, std::int64_t)>
    count{"tasks.count", sql::joined<part::count, part::found>};
// Where a slice of so many and one below a number begins; nothing when there are not so many.
inline constexpr sql::Query<std::int64_t(WorkspaceId, std::int64_t, std::int64_t)> slice_from{
    "tasks.slice_from", R"(
    SELECT seq FROM feed WHERE workspace_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT 1 OFFSET $3)"};

}  // namespace store
}  // namespace molecule::tasks
