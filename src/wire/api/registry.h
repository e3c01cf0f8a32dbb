// How agents register, beat and find each other.
#pragma once

#include <variant>
#include <vector>

#include "wire/api/workspaces.h"

namespace molecule::api {

inline constexpr json::Reading registry_reading =
    json::refused_by({"invalid_request_body", "invalid request body"});

inline constexpr std::size_t card_max = 256u << 10;  // Bytes of an agent card as compact JSON.

// What an agent may call itself; only operators may make of it more than a workspace.
enum class AgentKind { workspace, platform };
BOOST_DESCRIBE_ENUM(AgentKind, workspace, platform)

// An A2A skill, or its name.
using SkillText = std::variant<std::string, RawObject>;

// Body of POST /registry/register.
struct Registration {
  std::optional<WorkspaceId> id;
  std::optional<WorkspaceId> workspace_id;
  std::optional<DeliveryMode> delivery_mode;
  std::optional<AgentKind> kind;
  std::optional<std::string> url;
  std::optional<RawObject> agent_card;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::vector<SkillText>> skills;

  static constexpr const json::Reading& reading = registry_reading;
  static constexpr std::array needs{json::OneOf("id", "workspace_id"),
                                    json::OneOf("agent_card", "name", "description", "skills")};
  static constexpr std::array rules{
      json::Rule("workspace_id").only_without("id"),
      json::Rule("delivery_mode").size(0, word_max).or_empty().value_refused_by(no_delivery_mode),
      json::Rule("kind").size(0, word_max).or_empty().value_refused_by({"invalid_kind"}),
      json::Rule("url").size(0, url_max),
      json::Rule("name").size(0, workspace_name_max).only_without("agent_card"),
      json::Rule("description").size(0, card_max).only_without("agent_card"),
      json::Rule("skills").only_without("agent_card")};
  static constexpr std::array about{
      json::About{"url", "where the agent is called; \"remote://no-inbound\" or nothing: it polls"},
      json::About{"agent_card", "an A2A card of at most 256 KiB"},
      json::About{"skills", "A2A skills, or their names"},
      json::About{"kind", "\"workspace\"; an agent may choose nothing else"}};
};
BOOST_DESCRIBE_STRUCT(Registration, (),
                      (id, workspace_id, delivery_mode, kind, url, agent_card, name, description,
                       skills))

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

struct Capabilities {
  json::Loose<bool> status_mgmt;

  static constexpr std::array about{
      json::About{"status_mgmt", "true: the agent's error rate does not judge it"}};
};
BOOST_DESCRIBE_STRUCT(Capabilities, (), (status_mgmt))

struct RuntimeMetadata {
  std::optional<Capabilities> capabilities;
};
BOOST_DESCRIBE_STRUCT(RuntimeMetadata, (), (capabilities))

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
  std::optional<RuntimeMetadata> runtime_metadata;

  static constexpr const json::Reading& reading = registry_reading;
  static constexpr std::array needs{json::OneOf("workspace_id", "id")};
  static constexpr std::array rules{json::Rule("id").only_without("workspace_id"),
                                    json::Rule("error_rate").from(0, 1),
                                    json::Rule("sample_error").size(0, 8192),
                                    json::Rule("current_task").size(0, 4096),
                                    json::Rule("task").size(0, 4096).only_without("current_task"),
                                    json::Rule("active_tasks").from(0),
                                    json::Rule("uptime_seconds").from(0),
                                    json::Rule("runtime_state").size(0, 100)};
  static constexpr std::array about{
      json::About{"error_rate", "from 0.5 on the workspace is degraded, below 0.1 again well"},
      json::About{"monthly_spend", "US cents; 0 or less is no news"},
      json::About{"runtime_state", "\"wedged\": degraded whatever the rate"}};
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
  std::optional<RawObject> agent_card;
  std::optional<std::string> name;
  std::optional<std::string> description;
  std::optional<std::vector<SkillText>> skills;
  std::optional<std::string> url;

  static constexpr const json::Reading& reading = registry_reading;
  static constexpr std::array needs{
      json::OneOf("id", "workspace_id"),
      json::OneOf("agent_card", "name", "description", "skills", "url")};
  static constexpr std::array rules{
      json::Rule("workspace_id").only_without("id"),
      json::Rule("name").size(0, workspace_name_max).only_without("agent_card"),
      json::Rule("description").size(0, card_max).only_without("agent_card"),
      json::Rule("skills").only_without("agent_card"), json::Rule("url").size(0, url_max)};
  static constexpr std::array about{
      json::About{"agent_card", "an A2A card of at most 256 KiB; absent with the rest: it stays"},
      json::About{"skills", "A2A skills, or their names"},
      json::About{"url", "empty: the agent gave up its address"}};
};
BOOST_DESCRIBE_STRUCT(CardUpdate, (),
                      (id, workspace_id, agent_card, name, description, skills, url))

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
