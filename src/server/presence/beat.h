// One heartbeat as an agent sends it, and what it means for the agent's status.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/id.h"
#include "server/workspaces/status_machine.h"

namespace molecule::presence {

inline constexpr std::size_t beat_body_max = 64u << 10;
inline constexpr std::size_t task_max = 4096;          // Bytes of current_task; longer is refused.
inline constexpr std::size_t sample_error_max = 8192;  // Bytes of sample_error; longer is refused.
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

// Reads the body. Throws Fault bad_request naming the member; unknown members are ignored.
Beat read_beat(std::string_view body);

// What the last beat says about a status, if anything.
struct Condition {
  double error_rate = 0;
  bool wedged = false;
  bool manages_status = false;
};
std::optional<workspaces::Trigger> verdict(workspaces::Status status, const Condition& condition);

}  // namespace molecule::presence
