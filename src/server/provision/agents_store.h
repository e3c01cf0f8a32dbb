// Statements of the agents that machines start.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/sql/query.h"

namespace molecule::provision {

enum class Wish { running, stopped, gone };
BOOST_DESCRIBE_ENUM(Wish, running, stopped, gone)

namespace store {

struct Row {
  WorkspaceId workspace_id;
  std::string machine;
  std::string machine_name;
  std::string driver;
  std::string command;
  Wish wanted = Wish::running;
  std::int64_t round = 0;
  std::int64_t started_round = 0;
  std::optional<TokenId> token_id;
  Instant created_at;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (workspace_id, machine, machine_name, driver, command, wanted, round,
                       started_round, token_id, created_at))

inline constexpr sql::Query<Row(WorkspaceId)> find{"agents.find", R"(
    SELECT workspace_id, machine, machine_name, driver, command, wanted, round, started_round, token_id, created_at
      FROM agents WHERE workspace_id = $1)"};
inline constexpr sql::Query<WorkspaceId(std::string_view)> of_machine{"agents.of_machine", R"(
    SELECT workspace_id FROM agents WHERE machine = $1 ORDER BY created_at, workspace_id)"};
inline constexpr sql::Query<void(WorkspaceId, std::string_view, std::string_view, std::string_view,
                                 std::string_view, Instant)>
    add{"agents.add", R"(
    INSERT INTO agents (workspace_id, machine, machine_name, driver, command, wanted, round, started_round, created_at)
    VALUES ($1, $2, $3, $4, $5, 'running', 1, 0, $6))"};
inline constexpr sql::Query<void(WorkspaceId)> start{"agents.start", R"(
    UPDATE agents SET wanted = 'running', round = round + 1 WHERE workspace_id = $1 AND wanted <> 'gone')"};
inline constexpr sql::Query<void(WorkspaceId)> pause{"agents.pause", R"(
    UPDATE agents SET wanted = 'stopped' WHERE workspace_id = $1 AND wanted <> 'gone')"};
inline constexpr sql::Query<void(WorkspaceId)> leave{"agents.leave", R"(
    UPDATE agents SET wanted = 'gone' WHERE workspace_id = $1)"};
inline constexpr sql::Query<void(WorkspaceId, std::int64_t, TokenId)> started{"agents.started", R"(
    UPDATE agents SET started_round = $2, token_id = $3 WHERE workspace_id = $1)"};
inline constexpr sql::Query<void(WorkspaceId, std::int64_t)> taken_up{"agents.taken_up", R"(
    UPDATE agents SET started_round = $2 WHERE workspace_id = $1)"};
inline constexpr sql::Query<void(WorkspaceId)> erase{"agents.erase", R"(
    DELETE FROM agents WHERE workspace_id = $1)"};

}  // namespace store
}  // namespace molecule::provision
