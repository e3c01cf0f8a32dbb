// One heartbeat of an agent, and what it means for the agent's status.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/id.h"
#include "server/workspaces/status_machine.h"
#include "wire/api/registry.h"

namespace molecule::presence {

inline constexpr std::size_t beat_body_max = 64u << 10;
inline constexpr std::int64_t spend_max = 1'000'000'000'000;  // US cents; larger counts as this.

struct Beat {
  WorkspaceId workspace;
  double error_rate = 0;
  std::string sample_error;
  std::string current_task;
  std::int64_t active_tasks = 0;
  std::int64_t uptime_seconds = 0;
  std::int64_t monthly_spend = 0;  // 0: no news.
  bool wedged = false;             // runtime_state
  bool manages_status = false;     // The capability status_mgmt: its error rate does not judge it.
};

Beat beat_of(api::Heartbeat&& said);

// What the last beat says about a status, if anything.
struct Condition {
  double error_rate = 0;
  bool wedged = false;
  bool manages_status = false;
};
std::optional<workspaces::Trigger> verdict(workspaces::Status status, const Condition& condition);

}  // namespace molecule::presence
