#include "server/presence/beat.h"

#include <algorithm>

#include "base/fault.h"
#include "platform/json/json.h"

namespace molecule::presence {

namespace {

constexpr double erring_rate = 0.5;
constexpr double recovered_rate = 0.1;

Fault bad_member(std::string_view name, std::string_view expected) {
  return bad_request("invalid_request_body",
                     fmt::format("invalid request body: {} must be {}", name, expected));
}

json::Node present(json::Node body, std::string_view name) {
  json::Node node = body.find(name);
  return node.is(json::Type::null) ? json::Node() : node;
}

std::string text_of(json::Node node, std::string_view name, std::size_t max) {
  if (!node) return {};
  if (!node.is(json::Type::string)) throw bad_member(name, "a string");
  if (node.string().size() > max) throw bad_member(name, fmt::format("at most {} bytes long", max));
  return std::string(node.string());
}

std::int64_t count_of(json::Node body, std::string_view name) {
  json::Node node = present(body, name);
  if (!node) return 0;
  if (!node.is(json::Type::integer)) throw bad_member(name, "a whole number");
  return node.integer();
}

void read_capabilities(json::Node body, Beat& beat) {
  json::Node metadata = present(body, "runtime_metadata");
  if (!metadata) return;
  if (!metadata.is(json::Type::object)) throw bad_member("runtime_metadata", "an object");
  json::Node capabilities = present(metadata, "capabilities");
  if (!capabilities) return;
  if (!capabilities.is(json::Type::object))
    throw bad_member("runtime_metadata.capabilities", "an object");
  json::Node managed = capabilities.find("status_mgmt");
  beat.manages_status = managed.is(json::Type::boolean) && managed.boolean();
}

}  // namespace

Beat read_beat(std::string_view text) {
  json::Document document = json::Document::parse(text);
  json::Node body = document.root();
  if (!body.is(json::Type::object))
    throw bad_request("invalid_request_body", "invalid request body: expected a JSON object");
  Beat beat;
  json::Node id = present(body, "workspace_id");
  if (!id) id = present(body, "id");
  auto parsed = id.is(json::Type::string) ? WorkspaceId::parse(id.string()) : std::nullopt;
  if (!parsed) throw bad_member("workspace_id", "the id of a workspace");
  beat.workspace = *parsed;

  json::Node rate = present(body, "error_rate");
  if (rate) {
    if (!rate.is(json::Type::integer) && !rate.is(json::Type::number))
      throw bad_member("error_rate", "a number");
    beat.error_rate = rate.number();
    if (!(beat.error_rate >= 0 && beat.error_rate <= 1))
      throw bad_member("error_rate", "between 0 and 1");
  }
  beat.sample_error = text_of(present(body, "sample_error"), "sample_error", sample_error_max);
  json::Node task = present(body, "current_task");
  if (!task) task = present(body, "task");
  beat.current_task = text_of(task, "current_task", task_max);
  beat.active_tasks = count_of(body, "active_tasks");
  if (beat.active_tasks < 0) throw bad_member("active_tasks", "0 or more");
  beat.uptime_seconds = count_of(body, "uptime_seconds");
  if (beat.uptime_seconds < 0) throw bad_member("uptime_seconds", "0 or more");
  beat.monthly_spend = std::clamp<std::int64_t>(count_of(body, "monthly_spend"), 0, spend_max);
  beat.wedged = text_of(present(body, "runtime_state"), "runtime_state", 100) == "wedged";
  read_capabilities(body, beat);
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
