// Statements over the delegations table.
#pragma once

#include <optional>
#include <string>

#include "platform/sql/query.h"
#include "platform/sql/value.h"
#include "wire/api/delegations.h"

namespace molecule::delegations {

using Status = api::DelegationStatus;

using GroupId = api::DelegationGroupId;

struct Delegation {
  DelegationId delegation_id;
  WorkspaceId source_id;
  WorkspaceId target_id;
  std::string task;
  Status status = Status::pending;
  std::optional<std::string> result;
  std::optional<std::string> error;
  Instant created_at;
  Instant updated_at;
  std::optional<std::int64_t> activity_seq;  // The asker's row that shows how it stands.
  std::optional<std::int64_t> message_seq;   // Carries it; noted work has none.
  std::optional<Instant> message_at;         // When that was accepted, as long as it is kept.
  std::optional<GroupId> group_id;           // Of those that were handed over together,
  std::optional<std::int64_t> group_at;      // the place among them
  std::optional<std::int64_t> group_size;    // and how many they were.
};
BOOST_DESCRIBE_STRUCT(Delegation, (),
                      (delegation_id, source_id, target_id, task, status, result, error, created_at,
                       updated_at, activity_seq, message_seq, message_at, group_id, group_at,
                       group_size))

namespace store {

inline constexpr sql::Query<void(DelegationId, WorkspaceId, WorkspaceId, std::string_view, Status,
                                 std::optional<std::string>, Instant, std::optional<std::int64_t>,
                                 std::optional<std::int64_t>, std::optional<GroupId>,
                                 std::optional<std::int64_t>, std::optional<std::int64_t>)>
    insert{"delegations.insert", R"(
    INSERT INTO delegations (delegation_id, source_id, target_id, task, status, idempotency_key, created_at, updated_at,
                             activity_seq, message_seq, group_id, group_at, group_size)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12))"};

namespace part {
inline constexpr std::string_view whole = R"(
    SELECT d.delegation_id, d.source_id, d.target_id, d.task, d.status, d.result, d.error, d.created_at, d.updated_at,
           d.activity_seq, d.message_seq, m.created_at, d.group_id, d.group_at, d.group_size)";
// For what shows several: the beginnings of what may be large.
inline constexpr std::string_view beginnings = R"(
    SELECT d.delegation_id, d.source_id, d.target_id, SUBSTR(d.task, 1, 1000), d.status, SUBSTR(d.result, 1, 1000),
           d.error, d.created_at, d.updated_at, d.activity_seq, d.message_seq, m.created_at, d.group_id, d.group_at,
           d.group_size)";
inline constexpr std::string_view from = R"(
      FROM delegations d LEFT JOIN messages m ON m.seq = d.message_seq)";
inline constexpr std::string_view by_id = R"(
     WHERE d.delegation_id = $1)";
inline constexpr std::string_view by_key = R"(
     WHERE d.source_id = $1 AND d.idempotency_key = $2)";
inline constexpr std::string_view under_way = R"(
     WHERE d.message_seq = $1 AND d.status = 'dispatched')";
inline constexpr std::string_view by_group = R"(
     WHERE d.group_id = $1 ORDER BY d.group_at)";
inline constexpr std::string_view of_workspace = R"(
     WHERE d.delegation_id IN (
        SELECT delegation_id FROM (
            SELECT * FROM (SELECT delegation_id, created_at FROM delegations WHERE source_id = $1
                            ORDER BY created_at DESC LIMIT $2) AS sent
            UNION
            SELECT * FROM (SELECT delegation_id, created_at FROM delegations WHERE target_id = $1
                            ORDER BY created_at DESC LIMIT $2) AS received) AS both_ways
         ORDER BY created_at DESC LIMIT $2)
     ORDER BY d.created_at DESC)";
}  // namespace part

inline constexpr sql::Query<Delegation(DelegationId)> find{
    "delegations.find", sql::joined<part::whole, part::from, part::by_id>};
inline constexpr sql::Query<Delegation(WorkspaceId, std::string_view)> by_key{
    "delegations.by_key", sql::joined<part::whole, part::from, part::by_key>};
// That of a message, until it has ended.
inline constexpr sql::Query<Delegation(std::int64_t)> under_way{
    "delegations.under_way", sql::joined<part::whole, part::from, part::under_way>};
// Whether the agent answered the message that carried it.
inline constexpr sql::Query<std::int64_t(std::int64_t)> answered{"delegations.answered", R"(
    SELECT seq FROM outcomes WHERE seq = $1 AND "end" = 'answered')"};
// What the agent answered, unless that is so long that nobody looks for files in it.
inline constexpr sql::Query<std::string(std::int64_t)> answer{"delegations.answer", R"(
    SELECT body FROM outcomes WHERE seq = $1 AND body IS NOT NULL AND size <= 4194304)"};
inline constexpr sql::Query<Delegation(GroupId)> by_group{
    "delegations.by_group", sql::joined<part::whole, part::from, part::by_group>};
inline constexpr sql::Query<Delegation(GroupId)> group{
    "delegations.group", sql::joined<part::beginnings, part::from, part::by_group>};
inline constexpr sql::Query<Delegation(WorkspaceId, std::int64_t)> of_workspace{
    "delegations.of_workspace", sql::joined<part::beginnings, part::from, part::of_workspace>};

// A failed delegation gives its key free for another try.
inline constexpr sql::Query<void(DelegationId)> release_key{"delegations.release_key", R"(
    UPDATE delegations SET idempotency_key = NULL WHERE delegation_id = $1 AND status IN ('failed', 'canceled'))"};

inline constexpr sql::Query<void(DelegationId, Status, Instant)> progress{"delegations.progress",
                                                                          R"(
    UPDATE delegations SET status = $2, updated_at = $3
     WHERE delegation_id = $1 AND status NOT IN ('completed', 'failed', 'canceled'))"};

// What failed is tried again by another message.
inline constexpr sql::Query<void(DelegationId, std::int64_t, Status, Instant)> reopen{
    "delegations.reopen", R"(
    UPDATE delegations SET status = $3, message_seq = $2, result = NULL, error = NULL, updated_at = $4
     WHERE delegation_id = $1 AND status = 'failed')"};

// The first result is the result.
inline constexpr sql::Query<void(DelegationId, Status, std::optional<std::string>,
                                 std::optional<std::string>, Instant)>
    finish{"delegations.finish", R"(
    UPDATE delegations SET status = $2, result = $3, error = $4, updated_at = $5
     WHERE delegation_id = $1 AND status NOT IN ('completed', 'failed', 'canceled'))"};

// Retention, a slice of the ids at a time. Whatever carried one is over by the time given last.
inline constexpr sql::Query<DelegationId(DelegationId, std::int64_t)> slice{"delegations.slice", R"(
    SELECT delegation_id FROM delegations WHERE delegation_id > $1 ORDER BY delegation_id LIMIT $2)"};
inline constexpr sql::Query<void(DelegationId, DelegationId, Instant, Instant)> prune{
    "delegations.prune", R"(
    DELETE FROM delegations WHERE delegation_id > $1 AND delegation_id <= $2
       AND ((updated_at < $3 AND status IN ('completed', 'failed', 'canceled')) OR updated_at < $4))"};

}  // namespace store
}  // namespace molecule::delegations
