#include "server/presence/beat.h"

#include <algorithm>
#include <utility>

namespace molecule::presence {

namespace {

constexpr double erring_rate = 0.5;
constexpr double recovered_rate = 0.1;

// Texts may be long: they move.
std::string text_of(std::optional<std::string>& text) {
  return text ? std::move(*text) : std::string();
}

bool manages_status(const api::Heartbeat& said) {
  return said.runtime_metadata && said.runtime_metadata->capabilities &&
         said.runtime_metadata->capabilities->status_mgmt.value_or(false);
}

}  // namespace

Beat beat_of(api::Heartbeat&& said) {
  Beat beat;
  beat.workspace = said.workspace_id ? *said.workspace_id : said.id.value_or(WorkspaceId());
  beat.error_rate = said.error_rate.value_or(0);
  beat.sample_error = text_of(said.sample_error);
  beat.current_task = text_of(said.current_task ? said.current_task : said.task);
  beat.active_tasks = said.active_tasks.value_or(0);
  beat.uptime_seconds = said.uptime_seconds.value_or(0);
  beat.monthly_spend = std::clamp<std::int64_t>(said.monthly_spend.value_or(0), 0, spend_max);
  beat.wedged = said.runtime_state == "wedged";
  beat.manages_status = manages_status(said);
  return beat;
}

std::optional<workspaces::Trigger> verdict(workspaces::Status status, const Condition& condition) {
  using workspaces::Status;
  using workspaces::Trigger;
  bool judged = !condition.manages_status;
  switch (status) {
    case Status::provisioning:
    case Status::awaiting_agent:
    case Status::offline:
    case Status::failed: return Trigger::heartbeat;
    case Status::online:
      if (condition.wedged || (judged && condition.error_rate >= erring_rate))
        return Trigger::erring;
      return std::nullopt;
    case Status::degraded:
      if (!condition.wedged && judged && condition.error_rate < recovered_rate)
        return Trigger::recovered;
      return std::nullopt;
    case Status::paused:
    case Status::hibernating:
    case Status::hibernated:
    case Status::removed: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace molecule::presence
