// Statements over messages, deliveries, outcomes and message_keys. Only this slice writes them.
//
// What the accepting transaction writes is appended: every key ascends. Nothing here is looked up
// by workspace; mailboxes.h knows what is open for whom, and the activity feed keeps its own index
// behind the writer.
#pragma once

#include "base/aged.h"
#include "platform/sql/query.h"
#include "platform/sql/value.h"
#include "server/messages/messages.h"

namespace molecule::messages::store {

inline constexpr sql::Query<void(std::int64_t, WorkspaceId, std::optional<WorkspaceId>,
                                 std::optional<DelegationId>, std::optional<std::int64_t>,
                                 std::optional<std::int64_t>, std::int64_t, Instant, std::int64_t,
                                 std::string_view, std::string_view, std::string_view,
                                 std::optional<std::string>, std::string_view, std::string_view)>
    insert{"messages.insert", R"(
    INSERT INTO messages (seq, target_id, source_id, delegation_id, parent_seq, answer, hops, created_at, size, method,
                          message_id, rpc_id, context_id, summary, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15))"};

inline constexpr sql::Query<void(std::int64_t, WorkspaceId, std::optional<WorkspaceId>, State,
                                 std::optional<OwnerId>, std::optional<Instant>, std::int64_t,
                                 Instant, std::int64_t)>
    insert_delivery{"messages.insert_delivery", R"(
    INSERT INTO deliveries (seq, target_id, source_id, state, owner, lease_until, epoch, attempts, expires_at, hops)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9))"};

inline constexpr sql::Query<void(std::int64_t, End, Instant, std::int64_t,
                                 std::optional<std::int64_t>, std::optional<std::string>,
                                 std::optional<std::string_view>, std::optional<std::string_view>)>
    insert_outcome{"messages.insert_outcome", R"(
    INSERT INTO outcomes (seq, "end", ended_at, size, duration_ms, error, trace, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8))"};

inline constexpr sql::Query<void(std::int64_t, End, Instant, std::int64_t,
                                 std::optional<std::int64_t>, std::optional<std::string>,
                                 std::optional<std::string_view>, std::optional<std::string_view>)>
    amend_outcome{"messages.amend_outcome", R"(
    UPDATE outcomes SET "end" = $2, ended_at = $3, size = $4, duration_ms = $5, error = $6,
                        trace = COALESCE($7, trace), body = $8
     WHERE seq = $1 AND "end" = 'answered')"};

inline constexpr sql::Query<std::int64_t(std::int64_t, std::int64_t)> leased{"messages.leased", R"(
    SELECT seq FROM deliveries WHERE seq = $1 AND epoch = $2 AND state = 'leased')"};

struct Row {
  std::int64_t seq = 0;
  WorkspaceId target_id;
  std::optional<WorkspaceId> source_id;
  std::optional<DelegationId> delegation_id;
  std::optional<std::int64_t> parent_seq;
  std::optional<std::int64_t> answer;
  std::int64_t hops = 0;
  Instant created_at;
  std::string method;
  std::string message_id;
  std::string rpc_id;
  std::optional<std::string> context_id;
  RawJson body;
  std::optional<State> state;
  std::optional<std::int64_t> epoch;
  std::optional<std::int64_t> attempts;
  std::optional<Instant> expires_at;
  std::optional<std::string> why;
  std::optional<End> end;
  std::optional<Instant> ended_at;
  std::optional<std::int64_t> duration_ms;
  std::optional<std::string> error;
  std::optional<std::string> trace;
  std::optional<std::string> outcome_body;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (seq, target_id, source_id, delegation_id, parent_seq, answer, hops,
                       created_at, method, message_id, rpc_id, context_id, body, state, epoch,
                       attempts, expires_at, why, end, ended_at, duration_ms, error, trace,
                       outcome_body))

inline constexpr sql::Query<Row(std::int64_t)> find{"messages.find", R"(
    SELECT m.seq, m.target_id, m.source_id, m.delegation_id, m.parent_seq, m.answer, m.hops, m.created_at,
           m.method, m.message_id, m.rpc_id, m.context_id, m.body, d.state, d.epoch, d.attempts, d.expires_at, d.why,
           o."end", o.ended_at, o.duration_ms, o.error, o.trace, o.body
      FROM messages m LEFT JOIN deliveries d ON d.seq = m.seq LEFT JOIN outcomes o ON o.seq = m.seq
     WHERE m.seq = $1)"};
// The same without bodies.
inline constexpr sql::Query<Row(std::int64_t)> head{"messages.head", R"(
    SELECT m.seq, m.target_id, m.source_id, m.delegation_id, m.parent_seq, m.answer, m.hops, m.created_at,
           m.method, m.message_id, m.rpc_id, m.context_id, '', d.state, d.epoch, d.attempts, d.expires_at, d.why,
           o."end", o.ended_at, o.duration_ms, o.error, NULL, NULL
      FROM messages m LEFT JOIN deliveries d ON d.seq = m.seq LEFT JOIN outcomes o ON o.seq = m.seq
     WHERE m.seq = $1)"};

// The moves of a delivery. Each repeats what must be so; when it is not, no row changes.
inline constexpr sql::Query<void(std::int64_t, std::int64_t, OwnerId, Instant, Instant)> lease{
    "messages.lease", R"(
    UPDATE deliveries SET state = 'leased', owner = $3, lease_until = $4, epoch = epoch + 1
     WHERE seq = $1 AND epoch = $2 AND state = 'open' AND expires_at > $5)"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t, Instant)> renew{"messages.renew", R"(
    UPDATE deliveries SET lease_until = $3 WHERE seq = $1 AND epoch = $2 AND state = 'leased')"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t, std::string_view)> progressed{
    "messages.progressed", R"(
    UPDATE deliveries SET attempts = 0, why = $3 WHERE seq = $1 AND epoch = $2 AND state = 'leased')"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t, std::optional<Instant>, std::int64_t,
                                 std::optional<std::string>)>
    give_back{"messages.give_back", R"(
    UPDATE deliveries SET state = 'open', owner = NULL, lease_until = NULL, epoch = epoch + 1, not_before = $3,
                          attempts = attempts + $4, why = $5
     WHERE seq = $1 AND epoch = $2 AND state = 'leased')"};
inline constexpr sql::Query<void(std::int64_t, std::string_view)> fetched{"messages.fetched", R"(
    UPDATE deliveries SET why = $2 WHERE seq = $1 AND state = 'open')"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> close_leased{"messages.close_leased",
                                                                           R"(
    DELETE FROM deliveries WHERE seq = $1 AND epoch = $2 AND state = 'leased')"};
inline constexpr sql::Query<void(std::int64_t)> close_open{"messages.close_open", R"(
    DELETE FROM deliveries WHERE seq = $1 AND state = 'open')"};
inline constexpr sql::Query<void(std::int64_t)> close_any{"messages.close_any", R"(
    DELETE FROM deliveries WHERE seq = $1)"};

// What another incarnation was carrying. The agent may have seen it.
inline constexpr sql::Query<void(OwnerId)> take_over{"messages.take_over", R"(
    UPDATE deliveries SET state = 'open', owner = NULL, lease_until = NULL, epoch = epoch + 1,
                          attempts = attempts + 1
     WHERE state = 'leased' AND owner <> $1)"};

struct Open {
  std::int64_t seq = 0;
  WorkspaceId target_id;
  std::optional<WorkspaceId> source_id;
  State state = State::open;
  std::int64_t epoch = 0;
  std::int64_t attempts = 0;
  std::optional<Instant> not_before;
  std::int64_t hops = 0;
  std::int64_t at_work = 0;  // 1: its agent was at it.
};
BOOST_DESCRIBE_STRUCT(Open, (),
                      (seq, target_id, source_id, state, epoch, attempts, not_before, hops,
                       at_work))
// $3: why those wait whose agents are at it.
inline constexpr sql::Query<Open(std::int64_t, std::int64_t, std::string_view)> open_after{
    "messages.open_after", R"(
    SELECT seq, target_id, source_id, state, epoch, attempts, not_before, hops,
           CAST(CASE WHEN why = $3 THEN 1 ELSE 0 END AS BIGINT)
      FROM deliveries WHERE seq > $1 ORDER BY seq LIMIT $2)"};
inline constexpr sql::Query<std::int64_t(Instant, std::int64_t)> expired{"messages.expired", R"(
    SELECT seq FROM deliveries WHERE expires_at <= $1 AND state = 'open' ORDER BY expires_at LIMIT $2)"};
// Of the store and not of memory, which learns of a message after its transaction: one of the same
// group of transactions would be missed.
inline constexpr sql::Query<std::int64_t(WorkspaceId, std::int64_t)> open_for{"messages.open_for",
                                                                              R"(
    SELECT seq FROM deliveries WHERE target_id = $1 ORDER BY seq LIMIT $2)"};

inline constexpr sql::Query<void(std::int64_t, sql::BytesView)> insert_key{"messages.insert_key",
                                                                           R"(
    INSERT INTO message_keys (seq, message_key) VALUES ($1, $2))"};
// For a key that another process has taken; the store compares keys only where there are others.
inline constexpr sql::Query<std::int64_t(sql::BytesView)> seq_by_key{"messages.seq_by_key", R"(
    SELECT seq FROM message_keys WHERE message_key = $1)"};
inline constexpr sql::Query<void(sql::BytesView)> release_key{"messages.release_key", R"(
    DELETE FROM message_keys WHERE message_key = $1)"};
struct KeyTag;
struct Key {
  std::int64_t seq = 0;
  Id<KeyTag> message_key;  // 16 bytes, read as ids are: there are many at start.
};
BOOST_DESCRIBE_STRUCT(Key, (), (seq, message_key))
inline constexpr sql::Query<Key(std::int64_t)> newest_keys{"messages.newest_keys", R"(
    SELECT seq, message_key FROM message_keys ORDER BY seq DESC LIMIT $1)"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> prune_keys{"messages.prune_keys", R"(
    DELETE FROM message_keys WHERE seq < $1
       AND seq < (SELECT COALESCE(MIN(seq), 0) FROM message_keys) + $2)"};

// Retention looks at a slice of the table at a time and passes what is open, and what ended so late
// that whoever asked may not have heard of it.
inline constexpr sql::Query<Aged(std::int64_t, std::int64_t)> slice{"messages.slice", R"(
    SELECT seq, created_at FROM messages WHERE seq > $1 ORDER BY seq LIMIT $2)"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t, Instant)> prune{"messages.prune", R"(
    DELETE FROM messages WHERE seq > $1 AND seq <= $2 AND created_at < $3
       AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.seq = messages.seq)
       AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.seq = messages.seq AND o.ended_at >= $3))"};
inline constexpr sql::Query<void(std::int64_t, std::int64_t)> prune_outcomes{
    "messages.prune_outcomes", R"(
    DELETE FROM outcomes WHERE seq > $1 AND seq <= $2
       AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.seq = outcomes.seq))"};

// Everything of one message, for a workspace that is purged.
inline constexpr sql::Query<void(std::int64_t)> erase{"messages.erase", R"(
    DELETE FROM messages WHERE seq = $1)"};
inline constexpr sql::Query<void(std::int64_t)> erase_outcome{"messages.erase_outcome", R"(
    DELETE FROM outcomes WHERE seq = $1)"};
inline constexpr sql::Query<void(std::int64_t)> erase_key{"messages.erase_key", R"(
    DELETE FROM message_keys WHERE seq = $1)"};

}  // namespace molecule::messages::store
