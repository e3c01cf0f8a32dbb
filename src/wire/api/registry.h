// How agents register, beat and find each other.
#pragma once

#include "wire/api/workspaces.h"

namespace molecule::api {

// Body of POST /registry/register.
struct Registration {
  std::optional<WorkspaceId> id;
  std::optional<WorkspaceId> workspace_id;
  std::optional<std::string> url;
  RawJson agent_card;
  std::optional<std::string> name;
  std::optional<std::string> description;
  RawJson skills;
  std::optional<DeliveryMode> delivery_mode;
  std::optional<std::string> kind;

  static constexpr std::array about{
      json::About{"id", "or workspace_id"},
      json::About{"url", "where the agent is called; \"remote://no-inbound\" or nothing: it polls"},
      json::About{"agent_card", "an A2A card of at most 256 KiB; or name, description and skills"},
      json::About{"skills", "a list of A2A skills, or of their names"},
      json::About{"kind", "\"workspace\"; nothing else may be chosen"}};
};
BOOST_DESCRIBE_STRUCT(Registration, (),
                      (id, workspace_id, url, agent_card, name, description, skills, delivery_mode,
                       kind))

struct Registered {
  std::string status = "registered";
  DeliveryMode delivery_mode = DeliveryMode::poll;
  json::Omit<std::string> auth_token;
  std::string platform_inbound_secret;

  static constexpr std::array about{
      json::About{"auth_token", "the workspace's token, when it had none that is good"},
      json::About{"platform_inbound_secret", "what the platform shows when it calls the agent"}};
};
BOOST_DESCRIBE_STRUCT(Registered, (), (status, delivery_mode, auth_token, platform_inbound_secret))

// Body of POST /registry/heartbeat.
struct Heartbeat {
  std::optional<WorkspaceId> workspace_id;
  std::optional<WorkspaceId> id;
  std::optional<double> error_rate;
  std::optional<std::string> sample_error;
  std::optional<std::string> current_task;
  std::optional<std::string> task;
  std::optional<std::int64_t> active_tasks;
  std::optional<std::int64_t> uptime_seconds;
  std::optional<std::int64_t> monthly_spend;
  std::optional<std::string> runtime_state;
  RawJson runtime_metadata;

  static constexpr std::array about{
      json::About{"workspace_id", "or id"},
      json::About{"error_rate",
                  "0 to 1; from 0.5 on the workspace is degraded, below 0.1 again well"},
      json::About{"sample_error", "at most 8192 bytes"},
      json::About{"current_task", "at most 4096 bytes; or task"},
      json::About{"monthly_spend", "US cents; 0 is no news"},
      json::About{"runtime_state", "\"wedged\": degraded whatever the rate"},
      json::About{"runtime_metadata",
                  "{\"capabilities\":{\"status_mgmt\":true}}: the rate does not judge it"}};
};
BOOST_DESCRIBE_STRUCT(Heartbeat, (),
                      (workspace_id, id, error_rate, sample_error, current_task, task, active_tasks,
                       uptime_seconds, monthly_spend, runtime_state, runtime_metadata))

struct Heard {
  std::string status = "ok";
  json::Omit<std::string> platform_inbound_secret;

  static constexpr std::array about{
      json::About{"platform_inbound_secret", "of agents that the platform calls"}};
};
BOOST_DESCRIBE_STRUCT(Heard, (), (status, platform_inbound_secret))

// Body of POST /registry/update-card.
struct CardUpdate {
  std::optional<WorkspaceId> id;
  std::optional<WorkspaceId> workspace_id;
  RawJson agent_card;
  std::optional<std::string> url;

  static constexpr std::array about{json::About{"id", "or workspace_id"},
                                    json::About{"url", "empty: the agent gave up its address"}};
};
BOOST_DESCRIBE_STRUCT(CardUpdate, (), (id, workspace_id, agent_card, url))

struct Discovered {
  WorkspaceId id;
  std::string url;
  std::string name;
  DeliveryMode delivery_mode = DeliveryMode::push;
  json::Omit<std::string> direct_token;
  json::Omit<std::int64_t> direct_token_expires_in;

  static constexpr std::array about{
      json::About{"direct_token",
                  "where the workspace that asks may send to this one at its url: a JSON Web Token "
                  "by the platform key, to be shown there as `Authorization: Bearer`"},
      json::About{"direct_token_expires_in", "seconds; ask again afterwards"}};
};
BOOST_DESCRIBE_STRUCT(Discovered, (),
                      (id, url, name, delivery_mode, direct_token, direct_token_expires_in))

// A colleague as GET /registry/{id}/peers lists it.
struct PeerView {
  WorkspaceId id;
  std::string name;
  std::optional<std::string> role;
  int tier = 3;
  WorkspaceStatus status = WorkspaceStatus::provisioning;
  std::string url;
  std::optional<WorkspaceId> parent_id;
  std::int64_t active_tasks = 0;
  RawJson agent_card;
  std::string runtime;
  DeliveryMode delivery_mode = DeliveryMode::push;
};
BOOST_DESCRIBE_STRUCT(PeerView, (),
                      (id, name, role, tier, status, url, parent_id, active_tasks, agent_card,
                       runtime, delivery_mode))

// Body of POST /registry/check-access.
struct AccessQuestion {
  WorkspaceId caller_id;
  WorkspaceId target_id;
};
BOOST_DESCRIBE_STRUCT(AccessQuestion, (), (caller_id, target_id))

struct AccessAnswer {
  bool allowed = false;
};
BOOST_DESCRIBE_STRUCT(AccessAnswer, (), (allowed))

// Members of refusals.

struct StatusHint {
  WorkspaceStatus status = WorkspaceStatus::offline;
};
BOOST_DESCRIBE_STRUCT(StatusHint, (), (status))

struct Hint {
  std::string hint;
};
BOOST_DESCRIBE_STRUCT(Hint, (), (hint))

}  // namespace molecule::api
