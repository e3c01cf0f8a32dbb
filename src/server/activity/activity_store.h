// Statements over reports and the feed. Only this slice writes them; what it reads of messages it
// reads from their ledger's tables.
//
// The table feed says which messages and reports are a workspace's. It is filled behind the writer,
// because an entry lands on a page of its workspace, and a commit that touches a page for every
// message costs many times one that only appends. Readers add the tail that is not filled yet.
#pragma once

#include "base/aged.h"
#include "platform/sql/query.h"
#include "platform/sql/value.h"
#include "server/activity/activity.h"

namespace molecule::activity::store {

inline constexpr sql::Query<void(
    std::int64_t, WorkspaceId, std::string_view, std::optional<WorkspaceId>,
    std::optional<WorkspaceId>, Instant, std::int64_t, std::optional<std::int64_t>,
    std::string_view, std::optional<std::string>, std::optional<std::string>,
    std::optional<std::string>, std::optional<std::string>, std::optional<std::string>)>
    insert{"activity.insert", R"(
    INSERT INTO reports (seq, workspace_id, activity_type, source_id, target_id, created_at, size, duration_ms, status,
                         method, summary, error_detail, request_body, response_body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14))"};

// How a delegation stands, on the asker's own row.
inline constexpr sql::Query<void(std::int64_t, std::string_view, std::optional<std::string>,
                                 std::optional<std::int64_t>)>
    restate{"activity.restate", R"(
    UPDATE reports SET status = $2, error_detail = $3, duration_ms = $4
     WHERE seq = $1 AND activity_type = 'delegation')"};

inline constexpr std::string_view position_name = "activity";
inline constexpr sql::Query<std::int64_t(std::string_view)> position{"activity.position", R"(
    SELECT seq FROM feed_position WHERE name = $1)"};
inline constexpr sql::Query<std::int64_t()> newest{"activity.newest", R"(
    SELECT MAX(newest) FROM (SELECT COALESCE(MAX(seq), 0) AS newest FROM messages
                             UNION ALL SELECT COALESCE(MAX(seq), 0) FROM reports) AS both_tables)"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> fill_messages{
    "activity.fill_messages", R"(
    INSERT INTO feed (workspace_id, seq) SELECT target_id, seq FROM messages WHERE seq > $1 AND seq <= $2)"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> fill_reports{"activity.fill_reports",
                                                                           R"(
    INSERT INTO feed (workspace_id, seq) SELECT workspace_id, seq FROM reports WHERE seq > $1 AND seq <= $2)"};
inline constexpr sql::Query<void(std::string_view, std::int64_t)> move_position{
    "activity.move_position", R"(
    UPDATE feed_position SET seq = $2 WHERE name = $1)"};

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
  std::optional<std::string> status;  // Of a report.
  std::optional<messages::State> state;
  std::optional<messages::End> end;
  std::optional<std::string> error_detail;
  Instant created_at;
  std::optional<std::string> message_id;
  std::optional<std::int64_t> parent_seq;  // As long as that message is kept.
  std::optional<Instant> parent_at;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (seq, workspace_id, activity_type, source_id, target_id, method, summary,
                       request_body, response_body, tool_trace, duration_ms, status, state, end,
                       error_detail, created_at, message_id, parent_seq, parent_at))

// How large a row is, before it is read.
struct Size {
  std::int64_t seq = 0;
  std::int64_t bytes = 0;
};
BOOST_DESCRIBE_STRUCT(Size, (), (seq, bytes))

// A page is put together from parts: what is selected, from where, in which direction. Filters that
// are NULL do not filter. $2 and $3: between these numbers, both excluded. $5: 1 = people's rows,
// 0 = agents' rows. $9: 1 leaves out what the agent said itself.
namespace part {
// That its agent has fetched a message is no trouble with it.
inline constexpr std::string_view rows_before = R"(
    SELECT f.seq, f.workspace_id, COALESCE(r.activity_type, 'a2a_receive'), COALESCE(m.source_id, r.source_id),
           COALESCE(m.target_id, r.target_id), COALESCE(m.method, r.method), COALESCE(m.summary, r.summary),
           COALESCE(m.body, r.request_body), COALESCE(o.body, r.response_body), o.trace,
           COALESCE(o.duration_ms, r.duration_ms), r.status, d.state, o."end",
           COALESCE(o.error, NULLIF(d.why, ')";
inline constexpr std::string_view rows_behind =
    R"('), r.error_detail), COALESCE(m.created_at, r.created_at),
           m.message_id, p.seq, p.created_at)";
inline constexpr std::string_view rows =
    sql::joined<rows_before, messages::fetched_why, rows_behind>;
inline constexpr std::string_view sizes = R"(
    SELECT f.seq, COALESCE(m.size, 0) + COALESCE(o.size, 0) + COALESCE(r.size, 0))";
inline constexpr std::string_view filled = R"(
      FROM feed f)";
inline constexpr std::string_view tail = R"(
      FROM (SELECT seq, target_id AS workspace_id FROM messages
             WHERE seq > (SELECT seq FROM feed_position WHERE name = 'activity') AND target_id = $1
            UNION ALL SELECT seq, workspace_id FROM reports
             WHERE seq > (SELECT seq FROM feed_position WHERE name = 'activity') AND workspace_id = $1) f)";
inline constexpr std::string_view matching = R"(
      LEFT JOIN messages m ON m.seq = f.seq LEFT JOIN reports r ON r.seq = f.seq
      LEFT JOIN outcomes o ON o.seq = f.seq LEFT JOIN deliveries d ON d.seq = f.seq
      LEFT JOIN messages p ON p.seq = m.parent_seq
     WHERE f.workspace_id = $1 AND f.seq > $2 AND f.seq < $3
       AND (m.seq IS NOT NULL OR r.seq IS NOT NULL)
       AND (CAST($4 AS TEXT) IS NULL OR COALESCE(r.activity_type, 'a2a_receive') = $4)
       AND (CAST($5 AS BIGINT) IS NULL
            OR (CAST($5 AS BIGINT) = 1 AND m.source_id IS NULL AND r.source_id IS NULL)
            OR (CAST($5 AS BIGINT) = 0 AND (m.source_id IS NOT NULL OR r.source_id IS NOT NULL)))
       AND (CAST($6 AS BYTEA) IS NULL OR m.source_id = $6 OR m.target_id = $6 OR r.source_id = $6 OR r.target_id = $6)
       AND (CAST($7 AS BIGINT) IS NULL OR COALESCE(m.created_at, r.created_at) > $7)
       AND (CAST($9 AS BIGINT) = 0 OR (COALESCE(r.method, '') <> 'notify'
            AND (COALESCE(m.source_id, r.source_id) IS NULL OR COALESCE(m.source_id, r.source_id) <> f.workspace_id
                 OR r.method = 'delegate_result')))
       AND (CAST($10 AS BIGINT) IS NULL OR COALESCE(m.created_at, r.created_at) < $10))";
inline constexpr std::string_view oldest_first = R"(
     ORDER BY f.seq LIMIT $8)";
inline constexpr std::string_view newest_first = R"(
     ORDER BY f.seq DESC LIMIT $8)";
}  // namespace part

template <class R>
using Page =
    sql::Query<R(WorkspaceId, std::int64_t, std::int64_t, std::optional<std::string>,
                 std::optional<std::int64_t>, std::optional<WorkspaceId>, std::optional<Instant>,
                 std::int64_t, std::int64_t, std::optional<Instant>)>;

// What is filled and what is not, each in both directions.
template <class R>
struct Pages {
  Page<R> filled_up, filled_down, tail_up, tail_down;
};
inline constexpr Pages<Row> rows{
    {"activity.rows_up", sql::joined<part::rows, part::filled, part::matching, part::oldest_first>},
    {"activity.rows_down",
     sql::joined<part::rows, part::filled, part::matching, part::newest_first>},
    {"activity.tail_rows_up",
     sql::joined<part::rows, part::tail, part::matching, part::oldest_first>},
    {"activity.tail_rows_down",
     sql::joined<part::rows, part::tail, part::matching, part::newest_first>}};
inline constexpr Pages<Size> sizes{
    {"activity.sizes_up",
     sql::joined<part::sizes, part::filled, part::matching, part::oldest_first>},
    {"activity.sizes_down",
     sql::joined<part::sizes, part::filled, part::matching, part::newest_first>},
    {"activity.tail_sizes_up",
     sql::joined<part::sizes, part::tail, part::matching, part::oldest_first>},
    {"activity.tail_sizes_down",
     sql::joined<part::sizes, part::tail, part::matching, part::newest_first>}};

// Where a slice of the feed ends: the entry behind so many others.
inline constexpr sql::Query<std::int64_t(WorkspaceId, std::int64_t, std::int64_t, std::int64_t)>
    edge_up{"activity.edge_up", R"(
    SELECT seq FROM feed WHERE workspace_id = $1 AND seq > $2 AND seq < $3 ORDER BY seq LIMIT 1 OFFSET $4)"};
inline constexpr sql::Query<std::int64_t(WorkspaceId, std::int64_t, std::int64_t, std::int64_t)>
    edge_down{"activity.edge_down", R"(
    SELECT seq FROM feed WHERE workspace_id = $1 AND seq > $2 AND seq < $3 ORDER BY seq DESC LIMIT 1 OFFSET $4)"};

// Rows of a slice by their time alone.
namespace part {
inline constexpr std::string_view number = "SELECT f.seq";
inline constexpr std::string_view dated = R"(
      LEFT JOIN messages m ON m.seq = f.seq LEFT JOIN reports r ON r.seq = f.seq
     WHERE f.workspace_id = $1 AND f.seq > $2 AND f.seq < $3 AND COALESCE(m.created_at, r.created_at) )";
inline constexpr std::string_view first_then = "= $4 ORDER BY f.seq LIMIT 1";
inline constexpr std::string_view last_since = "> $4 ORDER BY f.seq DESC LIMIT 1";
}  // namespace part
// Among the oldest of a slice; more than one, since clocks are set.
inline constexpr sql::Query<std::int64_t(WorkspaceId, std::int64_t, std::int64_t, Instant)>
    old_enough{"activity.old_enough", R"(
    SELECT f.seq FROM (SELECT seq FROM feed WHERE workspace_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq LIMIT 100) f
      LEFT JOIN messages m ON m.seq = f.seq LEFT JOIN reports r ON r.seq = f.seq
     WHERE COALESCE(m.created_at, r.created_at) < $4 LIMIT 1)"};
using Dated = sql::Query<std::int64_t(WorkspaceId, std::int64_t, std::int64_t, Instant)>;
inline constexpr Dated first_then{
    "activity.first_then", sql::joined<part::number, part::filled, part::dated, part::first_then>};
inline constexpr Dated tail_first_then{
    "activity.tail_first_then",
    sql::joined<part::number, part::tail, part::dated, part::first_then>};
inline constexpr Dated last_since{
    "activity.last_since", sql::joined<part::number, part::filled, part::dated, part::last_since>};
inline constexpr Dated tail_last_since{
    "activity.tail_last_since",
    sql::joined<part::number, part::tail, part::dated, part::last_since>};

// Whose row it is and when it was written; reads no body.
struct Cursor {
  std::int64_t seq = 0;
  WorkspaceId workspace_id;
  Instant created_at;
};
BOOST_DESCRIBE_STRUCT(Cursor, (), (seq, workspace_id, created_at))
inline constexpr sql::Query<Cursor(std::int64_t)> cursor{"activity.cursor", R"(
    SELECT seq, target_id, created_at FROM messages WHERE seq = $1
    UNION ALL SELECT seq, workspace_id, created_at FROM reports WHERE seq = $1)"};

// Retention, a slice of the numbers at a time; entries of the feed go with what they name.
inline constexpr sql::Query<Aged(std::int64_t, std::int64_t)> slice{"activity.slice", R"(
    SELECT seq, created_at FROM reports WHERE seq > $1 ORDER BY seq LIMIT $2)"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t, Instant)> prune_report_entries{
    "activity.prune_report_entries", R"(
    DELETE FROM feed WHERE (workspace_id, seq) IN
       (SELECT workspace_id, seq FROM reports WHERE seq > $1 AND seq <= $2 AND created_at < $3))"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t, Instant)> prune_message_entries{
    "activity.prune_message_entries", R"(
    DELETE FROM feed WHERE (workspace_id, seq) IN
       (SELECT target_id, seq FROM messages WHERE seq > $1 AND seq <= $2 AND created_at < $3
           AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = messages.seq)
           AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.seq = messages.seq AND o.ended_at >= $3)))"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t, Instant)> prune{"activity.prune", R"(
    DELETE FROM reports WHERE seq > $1 AND seq <= $2 AND created_at < $3)"};
inline constexpr sql::Query<std::int64_t(WorkspaceId, std::int64_t, std::int64_t)> entries{
    "activity.entries", R"(
    SELECT seq FROM feed WHERE workspace_id = $1 AND seq > $2 ORDER BY seq LIMIT $3)"};
inline constexpr sql::Query<void(WorkspaceId, std::int64_t)> purge_feed{"activity.purge_feed", R"(
    DELETE FROM feed WHERE workspace_id = $1 AND seq <= $2)"};
inline constexpr sql::Query<void(WorkspaceId)> begin_purge{"activity.begin_purge", R"(
    INSERT INTO purges (workspace_id) VALUES ($1) ON CONFLICT (workspace_id) DO NOTHING)"};
inline constexpr sql::Query<WorkspaceId()> purging{"activity.purging", R"(
    SELECT workspace_id FROM purges LIMIT 1)"};
inline constexpr sql::Query<void(WorkspaceId)> end_purge{"activity.end_purge", R"(
    DELETE FROM purges WHERE workspace_id = $1)"};
inline constexpr sql::Query<void(std::int64_t)> erase_report{"activity.erase_report", R"(
    DELETE FROM reports WHERE seq = $1)"};

}  // namespace molecule::activity::store
