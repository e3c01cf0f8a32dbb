// Statements over the activity table. Only this slice writes it.
#pragma once

#include "platform/sql/query.h"
#include "platform/sql/value.h"
#include "server/activity/activity.h"

namespace molecule::activity::store {

inline constexpr sql::Query<void(
    std::int64_t, WorkspaceId, std::string_view, std::optional<WorkspaceId>,
    std::optional<WorkspaceId>, std::optional<std::string>, std::optional<std::string>,
    std::optional<std::string>, std::optional<std::string>, std::optional<std::string>,
    std::optional<std::int64_t>, std::string_view, std::optional<std::string>, Instant,
    std::optional<std::string>, Mail, std::int64_t, std::optional<Instant>, std::int64_t,
    std::optional<std::string>, std::optional<DelegationId>, std::optional<std::int64_t>)>
    insert{"activity.insert", R"(
    INSERT INTO activity (seq, workspace_id, activity_type, source_id, target_id, method, summary, request_body,
                          response_body, tool_trace, duration_ms, status, error_detail, created_at, message_id,
                          mail, lease_epoch, attempts, expires_at, hops, rpc_id, delegation_id, reply_to)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, $18, $19, $20, $21, $22))"};

inline constexpr sql::Query<void(std::int64_t, sql::BytesView)> insert_key{"activity.insert_key",
                                                                           R"(
    INSERT INTO message_keys (seq, message_key) VALUES ($1, $2))"};
// For a key that another process has taken; the store compares keys only where there are others.
inline constexpr sql::Query<std::int64_t(sql::BytesView)> seq_by_key{"activity.seq_by_key", R"(
    SELECT seq FROM message_keys WHERE message_key = $1)"};
inline constexpr sql::Query<void(sql::BytesView)> release_key{"activity.release_key", R"(
    DELETE FROM message_keys WHERE message_key = $1)"};
struct KeyTag;
struct Key {
  std::int64_t seq = 0;
  Id<KeyTag> message_key;  // 16 bytes, read as ids are: there are many at start.
};
BOOST_DESCRIBE_STRUCT(Key, (), (seq, message_key))
inline constexpr sql::Query<Key(std::int64_t)> newest_keys{"activity.newest_keys", R"(
    SELECT seq, message_key FROM message_keys ORDER BY seq DESC LIMIT $1)"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> prune_keys{"activity.prune_keys", R"(
    DELETE FROM message_keys WHERE seq < $1
       AND seq < (SELECT COALESCE(MIN(seq), 0) FROM message_keys) + $2)"};
inline constexpr sql::Query<void(WorkspaceId)> purge_keys{"activity.purge_keys", R"(
    DELETE FROM message_keys WHERE seq IN (SELECT seq FROM activity WHERE workspace_id = $1))"};

// What the mailbox needs to know of a message.
struct Message {
  std::int64_t seq = 0;
  WorkspaceId workspace_id;
  std::optional<WorkspaceId> source_id;
  std::optional<std::string> method;
  RawJson request_body;
  std::optional<std::string> response_body;
  std::string status;
  std::optional<std::string> error_detail;
  Instant created_at;
  std::optional<std::string> message_id;
  Mail mail = Mail::none;
  std::int64_t lease_epoch = 0;
  std::int64_t attempts = 0;
  std::optional<Instant> expires_at;
  std::int64_t hops = 0;
  std::optional<std::string> rpc_id;
  std::optional<DelegationId> delegation_id;
};
BOOST_DESCRIBE_STRUCT(Message, (),
                      (seq, workspace_id, source_id, method, request_body, response_body, status,
                       error_detail, created_at, message_id, mail, lease_epoch, attempts,
                       expires_at, hops, rpc_id, delegation_id))

inline constexpr sql::Query<Message(std::int64_t)> message{"activity.message", R"(
    SELECT seq, workspace_id, source_id, method, COALESCE(request_body, ''), response_body, status, error_detail,
           created_at, message_id, mail, lease_epoch, attempts, expires_at, hops, rpc_id, delegation_id
      FROM activity WHERE seq = $1)"};

// Records the result once: a stale epoch or an already settled message matches no row.
inline constexpr sql::Query<void(std::int64_t, std::int64_t, std::string_view,
                                 std::optional<std::string>, std::optional<std::string>,
                                 std::optional<std::int64_t>, std::optional<std::string>)>
    settle{"activity.settle", R"(
    UPDATE activity SET mail = 'settled', status = $3, response_body = $4, error_detail = $5, duration_ms = $6,
                        tool_trace = $7
     WHERE seq = $1 AND lease_epoch = $2 AND (mail = 'leased' OR mail = 'polled'))"};

// The oldest message that may go out now, by priority of arrival; takes the lease.
inline constexpr sql::Query<Message(WorkspaceId, Instant)> lease{"activity.lease", R"(
    UPDATE activity SET mail = 'leased', lease_epoch = lease_epoch + 1, attempts = attempts + 1
     WHERE mail = 'queued'
       AND seq = (SELECT MIN(seq) FROM activity
                   WHERE workspace_id = $1 AND mail = 'queued' AND (not_before IS NULL OR not_before <= $2))
    RETURNING seq, workspace_id, source_id, method, COALESCE(request_body, ''), response_body, status, error_detail, created_at,
              message_id, mail, lease_epoch, attempts, expires_at, hops, rpc_id, delegation_id)"};

inline constexpr sql::Query<void(std::int64_t, std::int64_t, std::optional<Instant>,
                                 std::optional<std::string>)>
    requeue{"activity.requeue", R"(
    UPDATE activity SET mail = 'queued', not_before = $3, error_detail = $4, status = 'queued'
     WHERE seq = $1 AND lease_epoch = $2 AND mail = 'leased')"};

inline constexpr sql::Query<void(std::int64_t, std::int64_t, std::string_view,
                                 std::optional<std::string>)>
    bury{"activity.bury", R"(
    UPDATE activity SET mail = 'dead', status = 'error', error_detail = $3, response_body = $4
     WHERE seq = $1 AND lease_epoch = $2 AND (mail = 'leased' OR mail = 'queued'))"};

// After a restart: what the last process was carrying goes back into the mailbox; its results,
// should they still come, carry an old epoch.
inline constexpr sql::Query<void()> reclaim{"activity.reclaim", R"(
    UPDATE activity SET mail = 'queued', status = 'queued', lease_epoch = lease_epoch + 1 WHERE mail = 'leased')"};

// An agent that now polls fetches what waited for its push link.
inline constexpr sql::Query<void(WorkspaceId)> queued_to_polled{"activity.queued_to_polled", R"(
    UPDATE activity SET mail = 'polled', status = 'ok' WHERE workspace_id = $1 AND mail = 'queued')"};

struct Waiting {
  WorkspaceId workspace_id;
  std::int64_t count = 0;
};
BOOST_DESCRIBE_STRUCT(Waiting, (), (workspace_id, count))
inline constexpr sql::Query<Waiting()> waiting{"activity.waiting", R"(
    SELECT workspace_id, COUNT(*) FROM activity WHERE mail = 'queued' GROUP BY workspace_id)"};

struct Row {
  std::int64_t seq = 0;
  WorkspaceId workspace_id;
  std::string activity_type;
  std::optional<WorkspaceId> source_id;
  std::optional<WorkspaceId> target_id;
  std::optional<std::string> method;
  std::optional<std::string> summary;
  std::optional<std::string> request_body;
  std::optional<std::string> response_body;
  std::optional<std::string> tool_trace;
  std::optional<std::int64_t> duration_ms;
  std::string status;
  std::optional<std::string> error_detail;
  Instant created_at;
  std::optional<std::string> message_id;
  Mail mail = Mail::none;
  std::int64_t hops = 0;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (seq, workspace_id, activity_type, source_id, target_id, method, summary,
                       request_body, response_body, tool_trace, duration_ms, status, error_detail,
                       created_at, message_id, mail, hops))

// Filters that are NULL do not filter. $4: 1 = people's rows, 0 = agents' rows. $8: the agent's own
// view of its inbox leaves out what it said itself.
inline constexpr sql::Query<Row(WorkspaceId, std::int64_t, std::optional<std::string>,
                                std::optional<std::int64_t>, std::optional<WorkspaceId>,
                                std::optional<Instant>, std::int64_t, std::int64_t)>
    after{"activity.after", R"(
    SELECT seq, workspace_id, activity_type, source_id, target_id, method, summary, request_body, response_body,
           tool_trace, duration_ms, status, error_detail, created_at, message_id, mail, hops
      FROM activity
     WHERE workspace_id = $1 AND seq > $2
       AND (CAST($3 AS TEXT) IS NULL OR activity_type = $3)
       AND (CAST($4 AS BIGINT) IS NULL OR (CAST($4 AS BIGINT) = 1 AND source_id IS NULL)
            OR (CAST($4 AS BIGINT) = 0 AND source_id IS NOT NULL))
       AND (CAST($5 AS BYTEA) IS NULL OR source_id = $5 OR target_id = $5)
       AND (CAST($6 AS BIGINT) IS NULL OR created_at > $6)
       AND (CAST($8 AS BIGINT) = 0 OR COALESCE(method, '') <> 'notify')
     ORDER BY seq LIMIT $7)"};

inline constexpr sql::Query<Row(WorkspaceId, std::int64_t, std::optional<std::string>,
                                std::optional<std::int64_t>, std::optional<WorkspaceId>,
                                std::optional<Instant>, std::int64_t, std::int64_t)>
    before{"activity.before", R"(
    SELECT seq, workspace_id, activity_type, source_id, target_id, method, summary, request_body, response_body,
           tool_trace, duration_ms, status, error_detail, created_at, message_id, mail, hops
      FROM activity
     WHERE workspace_id = $1 AND seq < $2
       AND (CAST($3 AS TEXT) IS NULL OR activity_type = $3)
       AND (CAST($4 AS BIGINT) IS NULL OR (CAST($4 AS BIGINT) = 1 AND source_id IS NULL)
            OR (CAST($4 AS BIGINT) = 0 AND source_id IS NOT NULL))
       AND (CAST($5 AS BYTEA) IS NULL OR source_id = $5 OR target_id = $5)
       AND (CAST($6 AS BIGINT) IS NULL OR created_at > $6)
       AND (CAST($8 AS BIGINT) = 0 OR COALESCE(method, '') <> 'notify')
     ORDER BY seq DESC LIMIT $7)"};

// The first number at or after an instant, for before_ts.
inline constexpr sql::Query<std::int64_t(WorkspaceId, Instant)> seq_before{"activity.seq_before",
                                                                           R"(
    SELECT COALESCE(MAX(seq), 0) + 1 FROM activity WHERE workspace_id = $1 AND created_at < $2)"};

// How a delegation stands, on the asker's own row.
inline constexpr sql::Query<void(std::int64_t, std::string_view, std::optional<std::string>,
                                 std::optional<std::int64_t>)>
    restate{"activity.restate", R"(
    UPDATE activity SET status = $2, error_detail = $3, duration_ms = $4
     WHERE seq = $1 AND activity_type = 'delegation')"};

inline constexpr sql::Query<void(Instant, std::int64_t)> prune{"activity.prune", R"(
    DELETE FROM activity WHERE created_at < $1 AND mail IN ('none', 'settled', 'dead')
       AND seq < (SELECT COALESCE(MIN(seq), 0) FROM activity) + $2)"};

inline constexpr sql::Query<void(WorkspaceId)> purge{"activity.purge", R"(
    DELETE FROM activity WHERE workspace_id = $1)"};

}  // namespace molecule::activity::store
