// Statements over the delegations table.
#pragma once

#include <optional>
#include <string>

#include "platform/sql/query.h"
#include "platform/sql/value.h"
#include "wire/api/delegations.h"

namespace molecule::delegations {

using Status = api::DelegationStatus;

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
};
BOOST_DESCRIBE_STRUCT(Delegation, (),
                      (delegation_id, source_id, target_id, task, status, result, error, created_at,
                       updated_at, activity_seq))

namespace store {

inline constexpr sql::Query<void(DelegationId, WorkspaceId, WorkspaceId, std::string_view, Status,
                                 std::optional<std::string>, Instant, std::optional<std::int64_t>)>
    insert{"delegations.insert", R"(
    INSERT INTO delegations (delegation_id, source_id, target_id, task, status, idempotency_key, created_at, updated_at,
                             activity_seq)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8))"};

inline constexpr sql::Query<Delegation(DelegationId)> find{"delegations.find", R"(
    SELECT delegation_id, source_id, target_id, task, status, result, error, created_at, updated_at, activity_seq
      FROM delegations WHERE delegation_id = $1)"};

inline constexpr sql::Query<Delegation(WorkspaceId, std::string_view)> by_key{"delegations.by_key",
                                                                              R"(
    SELECT delegation_id, source_id, target_id, task, status, result, error, created_at, updated_at, activity_seq
      FROM delegations WHERE source_id = $1 AND idempotency_key = $2)"};

// A failed delegation gives its key free for another try.
inline constexpr sql::Query<void(DelegationId)> release_key{"delegations.release_key", R"(
    UPDATE delegations SET idempotency_key = NULL WHERE delegation_id = $1 AND status IN ('failed', 'canceled'))"};

// For a list, which shows the beginnings of what may be large.
inline constexpr sql::Query<Delegation(WorkspaceId, std::int64_t)> of_workspace{
    "delegations.of_workspace", R"(
    SELECT delegation_id, source_id, target_id, SUBSTR(task, 1, 1000), status, SUBSTR(result, 1, 1000), error, created_at,
           updated_at, activity_seq
      FROM delegations WHERE delegation_id IN (
        SELECT delegation_id FROM (
            SELECT * FROM (SELECT delegation_id, created_at FROM delegations WHERE source_id = $1
                            ORDER BY created_at DESC LIMIT $2) AS sent
            UNION
            SELECT * FROM (SELECT delegation_id, created_at FROM delegations WHERE target_id = $1
                            ORDER BY created_at DESC LIMIT $2) AS received) AS both_ways
         ORDER BY created_at DESC LIMIT $2)
     ORDER BY created_at DESC)"};

inline constexpr sql::Query<void(DelegationId, Status, Instant)> progress{"delegations.progress",
                                                                          R"(
    UPDATE delegations SET status = $2, updated_at = $3
     WHERE delegation_id = $1 AND status NOT IN ('completed', 'failed', 'canceled'))"};

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
