// Statements of the workspaces table.
#pragma once

#include "platform/sql/query.h"
#include "server/workspaces/workspaces.h"

namespace molecule::workspaces::store {

#define MOLECULE_WORKSPACE_COLUMNS                                                                               \
  "id, parent, name, role, tier, status, runtime, url, agent_card, delivery, workspace_dir, workspace_access, "  \
  "budget_limit, max_concurrent_tasks, x, y, collapsed, model, template_name, failure, created_at, updated_at, " \
  "removed_at, claim_until, registered_at, last_outbound_at"

inline constexpr sql::Query<Row(WorkspaceId)> find{
    "workspaces.find", "SELECT " MOLECULE_WORKSPACE_COLUMNS " FROM workspaces WHERE id = $1"};
inline constexpr sql::Query<Row()> live{
    "workspaces.live", "SELECT " MOLECULE_WORKSPACE_COLUMNS
                       " FROM workspaces WHERE status <> 'removed' ORDER BY created_at, id"};
inline constexpr sql::Query<Row(Instant, WorkspaceId, std::int64_t)> live_behind{
    "workspaces.live_behind", "SELECT " MOLECULE_WORKSPACE_COLUMNS
                              " FROM workspaces WHERE status <> 'removed' AND (created_at, id) > "
                              "($1, $2) ORDER BY created_at, id LIMIT $3"};
inline constexpr sql::Query<Row(Instant, WorkspaceId, std::string_view, std::int64_t)>
    live_of_runtime{"workspaces.live_of_runtime",
                    "SELECT " MOLECULE_WORKSPACE_COLUMNS
                    " FROM workspaces WHERE status <> 'removed' AND (created_at, id) > ($1, $2) "
                    "AND runtime = $3 ORDER BY created_at, id LIMIT $4"};
#undef MOLECULE_WORKSPACE_COLUMNS

// What memory holds of each, removed ones too: those after a place in the order of their making.
struct Known {
  WorkspaceId id;
  std::optional<WorkspaceId> parent;
  std::string name;
  std::string role;
  int tier = 3;
  Status status = Status::provisioning;
  std::string runtime;
  std::string url;
  RawJson agent_card;
  std::optional<Delivery> delivery;
  int max_concurrent_tasks = 1;
  std::optional<std::int64_t> budget_limit;
  std::optional<Instant> removed_at;
  Instant created_at;
};
BOOST_DESCRIBE_STRUCT(Known, (),
                      (id, parent, name, role, tier, status, runtime, url, agent_card, delivery,
                       max_concurrent_tasks, budget_limit, removed_at, created_at))
inline constexpr sql::Query<Known(Instant, WorkspaceId, std::int64_t)> known{"workspaces.known", R"(
    SELECT id, parent, name, role, tier, status, runtime, url, agent_card, delivery, max_concurrent_tasks,
           budget_limit, removed_at, created_at
      FROM workspaces WHERE (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3)"};

// Where the live ones stand: those after a place in the order of their making.
struct Standing {
  WorkspaceId id;
  std::optional<WorkspaceId> parent;
  double x = 0;
  double y = 0;
  bool collapsed = false;
  Instant created_at;
};
BOOST_DESCRIBE_STRUCT(Standing, (), (id, parent, x, y, collapsed, created_at))
inline constexpr sql::Query<Standing(Instant, WorkspaceId, std::int64_t)> standing{
    "workspaces.standing", R"(
    SELECT id, parent, x, y, collapsed, created_at FROM workspaces
     WHERE status <> 'removed' AND (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3)"};
inline constexpr sql::Query<WorkspaceId(WorkspaceId)> children{"workspaces.children", R"(
    SELECT id FROM workspaces WHERE parent = $1 AND status <> 'removed' ORDER BY created_at, id)"};

inline constexpr sql::Query<Status(WorkspaceId)> status_of{"workspaces.status_of", R"(
    SELECT status FROM workspaces WHERE id = $1)"};

// A live relative. `distance` is in steps from the one asked about.
struct Relative {
  WorkspaceId id;
  std::string name;
  Status status = Status::provisioning;
  std::string runtime;
  std::int64_t distance = 0;
};
BOOST_DESCRIBE_STRUCT(Relative, (), (id, name, status, runtime, distance))

// Everything live below, nearest first. The bound is above the deepest tree that rules allow.
inline constexpr sql::Query<Relative(WorkspaceId)> descendants{"workspaces.descendants", R"(
    WITH RECURSIVE tree (id, distance) AS (
        SELECT id, CAST(0 AS BIGINT) FROM workspaces WHERE id = $1
        UNION ALL
        SELECT w.id, t.distance + 1 FROM workspaces w JOIN tree t ON w.parent = t.id
         WHERE w.status <> 'removed' AND t.distance < 64)
    SELECT w.id, w.name, w.status, w.runtime, t.distance FROM tree t JOIN workspaces w ON w.id = t.id
     WHERE t.distance > 0 ORDER BY t.distance, w.created_at, w.id)"};
// The way up to the root, nearest first.
inline constexpr sql::Query<Relative(WorkspaceId)> ancestors{"workspaces.ancestors", R"(
    WITH RECURSIVE up (id, parent, distance) AS (
        SELECT id, parent, CAST(0 AS BIGINT) FROM workspaces WHERE id = $1
        UNION ALL
        SELECT w.id, w.parent, u.distance + 1 FROM workspaces w JOIN up u ON w.id = u.parent
         WHERE u.distance < 64)
    SELECT w.id, w.name, w.status, w.runtime, u.distance FROM up u JOIN workspaces w ON w.id = u.id
     WHERE u.distance > 0 ORDER BY u.distance)"};

inline constexpr sql::Query<WorkspaceId(WorkspaceId, std::string_view, WorkspaceId)> named_child{
    "workspaces.named_child", R"(
    SELECT id FROM workspaces WHERE parent = $1 AND name = $2 AND id <> $3 AND status <> 'removed')"};
inline constexpr sql::Query<WorkspaceId(std::string_view, WorkspaceId)> named_root{
    "workspaces.named_root", R"(
    SELECT id FROM workspaces WHERE parent IS NULL AND name = $1 AND id <> $2 AND status <> 'removed')"};

inline constexpr sql::Query<void(
    WorkspaceId, std::optional<WorkspaceId>, std::string_view, std::string_view, int, Status,
    std::string_view, std::string_view, RawJson, std::optional<Delivery>,
    std::optional<std::string>, Access, std::optional<std::int64_t>, int, double, double,
    std::string_view, std::string_view, Instant, std::optional<Instant>)>
    insert{"workspaces.insert", R"(
    INSERT INTO workspaces (id, parent, name, role, tier, status, runtime, url, agent_card, delivery, workspace_dir,
        workspace_access, budget_limit, max_concurrent_tasks, x, y, collapsed, model, template_name, failure,
        created_at, updated_at, claim_until)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, $17, $18, '', $19, $19, $20))"};

inline constexpr sql::Query<void(WorkspaceId, std::optional<WorkspaceId>, std::string_view,
                                 std::string_view, int, std::string_view,
                                 std::optional<std::string>, Access, std::optional<std::int64_t>,
                                 int, double, double, bool, Instant)>
    update{"workspaces.update", R"(
    UPDATE workspaces SET parent = $2, name = $3, role = $4, tier = $5, runtime = $6, workspace_dir = $7,
        workspace_access = $8, budget_limit = $9, max_concurrent_tasks = $10, x = $11, y = $12, collapsed = $13,
        updated_at = $14
     WHERE id = $1 AND status <> 'removed')"};

// Repeats the status it was decided on, so that of two racing moves one matches no row.
inline constexpr sql::Query<void(WorkspaceId, Status, Status, Instant)> move{"workspaces.move", R"(
    UPDATE workspaces SET status = $3, updated_at = $4 WHERE id = $1 AND status = $2)"};
inline constexpr sql::Query<void(WorkspaceId, Instant)> bury{"workspaces.bury", R"(
    UPDATE workspaces SET removed_at = $2, claim_until = NULL WHERE id = $1)"};
inline constexpr sql::Query<void(WorkspaceId, std::string_view)> set_failure{
    "workspaces.set_failure", R"(
    UPDATE workspaces SET failure = $2 WHERE id = $1)"};
inline constexpr sql::Query<void(WorkspaceId, std::string_view)> set_url{"workspaces.set_url", R"(
    UPDATE workspaces SET url = $2 WHERE id = $1)"};
inline constexpr sql::Query<void(WorkspaceId, RawJson)> set_card{"workspaces.set_card", R"(
    UPDATE workspaces SET agent_card = $2 WHERE id = $1)"};
inline constexpr sql::Query<void(WorkspaceId, std::string_view, RawJson, Delivery, Instant)> enrol{
    "workspaces.enrol", R"(
    UPDATE workspaces SET url = $2, agent_card = $3, delivery = $4, failure = '', claim_until = NULL,
        registered_at = COALESCE(registered_at, $5), updated_at = $5
     WHERE id = $1 AND status <> 'removed')"};
// Repeats what makes it claimable: of two racing registrations one matches no row.
inline constexpr sql::Query<void(WorkspaceId, Instant)> claim{"workspaces.claim", R"(
    UPDATE workspaces SET claim_until = NULL
     WHERE id = $1 AND claim_until > $2 AND registered_at IS NULL AND status <> 'removed')"};
inline constexpr sql::Query<void()> close_claims{"workspaces.close_claims", R"(
    UPDATE workspaces SET claim_until = NULL WHERE claim_until IS NOT NULL)"};
inline constexpr sql::Query<void(WorkspaceId)> close_claim{"workspaces.close_claim", R"(
    UPDATE workspaces SET claim_until = NULL WHERE id = $1)"};
inline constexpr sql::Query<void(WorkspaceId, Instant)> touch_outbound{"workspaces.touch_outbound",
                                                                       R"(
    UPDATE workspaces SET last_outbound_at = $2 WHERE id = $1)"};

inline constexpr sql::Query<void(WorkspaceId)> orphan{"workspaces.orphan", R"(
    UPDATE workspaces SET parent = NULL WHERE parent = $1)"};
inline constexpr sql::Query<void(WorkspaceId)> purge{"workspaces.purge", R"(
    DELETE FROM workspaces WHERE id = $1)"};

}  // namespace molecule::workspaces::store
