// Statements of the presence table.
#pragma once

#include <string>
#include <string_view>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/sql/query.h"

namespace molecule::presence::store {

struct Row {
  WorkspaceId workspace_id;
  Instant last_heartbeat_at;
  std::int64_t active_tasks = 0;
  std::int64_t uptime_seconds = 0;
  double error_rate = 0;
  std::string sample_error;
  std::string current_task;
  std::int64_t monthly_spend = 0;
};
BOOST_DESCRIBE_STRUCT(Row, (),
                      (workspace_id, last_heartbeat_at, active_tasks, uptime_seconds, error_rate,
                       sample_error, current_task, monthly_spend))

inline constexpr sql::Query<Row()> all{"presence.all", R"(
    SELECT workspace_id, last_heartbeat_at, active_tasks, uptime_seconds, error_rate, sample_error, current_task,
           monthly_spend
      FROM presence)"};

inline constexpr sql::Query<void(WorkspaceId, Instant, std::int64_t, std::int64_t, double,
                                 std::string_view, std::string_view, std::int64_t)>
    keep{"presence.keep", R"(
    INSERT INTO presence (workspace_id, last_heartbeat_at, active_tasks, uptime_seconds, error_rate, sample_error,
        current_task, monthly_spend)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (workspace_id) DO UPDATE SET last_heartbeat_at = excluded.last_heartbeat_at,
        active_tasks = excluded.active_tasks, uptime_seconds = excluded.uptime_seconds,
        error_rate = excluded.error_rate, sample_error = excluded.sample_error,
        current_task = excluded.current_task, monthly_spend = excluded.monthly_spend)"};

inline constexpr sql::Query<void(WorkspaceId)> forget{"presence.forget", R"(
    DELETE FROM presence WHERE workspace_id = $1)"};

}  // namespace molecule::presence::store
