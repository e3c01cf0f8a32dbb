// Workspaces as the API takes and shows them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "base/raw_json.h"
#include "platform/json/shape.h"

namespace molecule::api {

enum class WorkspaceStatus {
  provisioning,
  awaiting_agent,
  online,
  degraded,
  offline,
  paused,
  hibernating,
  hibernated,
  failed,
  removed
};
BOOST_DESCRIBE_ENUM(WorkspaceStatus, provisioning, awaiting_agent, online, degraded, offline,
                    paused, hibernating, hibernated, failed, removed)

// How the platform reaches the agent.
enum class DeliveryMode { push, poll };
BOOST_DESCRIBE_ENUM(DeliveryMode, push, poll)

// Bytes of UTF-8.
inline constexpr std::size_t workspace_name_max = 255;
inline constexpr std::size_t workspace_role_max = 1000;
inline constexpr std::size_t runtime_max = 100;
inline constexpr std::size_t model_max = 100;
inline constexpr std::size_t url_max = 2048;
inline constexpr std::size_t path_max = 4096;
inline constexpr std::size_t secret_value_max = 65536;
// Of a text that is one of a few words: longer ones are of no such form.
inline constexpr std::size_t word_max = 20;

inline constexpr double position_max = 1e7;  // Pixels from the origin of the canvas.

inline constexpr json::Refusal no_delivery_mode{"invalid_delivery_mode"};

enum class WorkspaceAccess { none, read_only, read_write };
BOOST_DESCRIBE_ENUM(WorkspaceAccess, none, read_only, read_write)

// How bodies about workspaces are refused.
inline constexpr json::Refusal bad_workspace_fields{"invalid_workspace_fields",
                                                    "invalid workspace fields"};
inline constexpr json::Refusal bad_workspace_directory{"invalid_workspace_directory",
                                                       "invalid workspace directory"};
inline constexpr json::Refusal bad_workspace_access{"invalid_workspace_access",
                                                    "invalid workspace access"};
inline constexpr json::Refusal bad_parent{"workspace_reparent_invalid_parent_id"};

struct CanvasPosition {
  std::optional<double> x;
  std::optional<double> y;

  static constexpr std::array rules{
      json::Rule("x").from(-position_max, position_max).together_with("y"),
      json::Rule("y").from(-position_max, position_max).together_with("x")};
};
BOOST_DESCRIBE_STRUCT(CanvasPosition, (), (x, y))

// Body of POST /workspaces.
struct NewWorkspace {
  std::string name;
  std::optional<std::string> role;
  std::optional<std::int64_t> tier;
  std::optional<std::string> runtime;
  std::optional<bool> external;
  std::optional<std::string> model;
  std::optional<std::string> template_;
  std::optional<std::string> url;
  std::optional<DeliveryMode> delivery_mode;
  std::optional<std::string> workspace_dir;
  std::optional<WorkspaceAccess> workspace_access;
  std::optional<WorkspaceId> parent_id;
  std::optional<std::int64_t> budget_limit;
  std::optional<std::int64_t> max_concurrent_tasks;
  std::optional<CanvasPosition> canvas;
  std::optional<std::map<std::string, Secret>> secrets;
  std::optional<std::vector<json::Unread>> initial_memories;

  static constexpr json::Reading reading{
      .form = bad_workspace_fields,
      .bounds = bad_workspace_fields,
      .missing = {"invalid_workspace_payload", "invalid workspace payload"},
      .object = {"invalid_workspace_payload", "invalid workspace payload"},
      .any_text = true};
  static constexpr std::array rules{
      json::Rule("name").size(1, workspace_name_max).or_empty(),
      json::Rule("role").size(0, workspace_role_max),
      json::Rule("tier").from(0, 4),
      json::Rule("runtime").size(0, runtime_max),
      json::Rule("model").size(0, model_max),
      json::Rule("template")
          .size(0, 255)
          .or_empty()
          .refused_by({"invalid_template", "invalid template"}),
      json::Rule("url").size(0, url_max),
      json::Rule("delivery_mode").size(0, word_max).or_empty().value_refused_by(no_delivery_mode),
      json::Rule("workspace_dir").size(0, path_max).or_empty().refused_by(bad_workspace_directory),
      json::Rule("workspace_access").size(0, word_max).or_empty().refused_by(bad_workspace_access),
      json::Rule("parent_id").refused_by(bad_parent),
      json::Rule("budget_limit").from(0, std::int64_t{1} << 50),
      json::Rule("max_concurrent_tasks").up_to(10'000),
      json::Rule("secrets").size(0, 200).each_size(1, secret_value_max)};
  static constexpr std::array about{
      json::About{"name", "a number is added where a sibling has it"},
      json::About{"role", "what colleagues read to choose whom to ask"},
      json::About{"tier", "3 when 0 or left out"},
      json::About{"runtime", "\"external\" joins by itself; left out: \"langgraph\""},
      json::About{"external", "true: as runtime \"external\""},
      json::About{"url", "of an agent that runs already; only where the agent joins by itself"},
      json::About{"template", "the name of a folder below the templates"},
      json::About{"workspace_dir", "absolute path that its container would mount"},
      json::About{"workspace_access", "other than none needs workspace_dir"},
      json::About{"parent_id", "null or left out: a root"},
      json::About{"budget_limit", "US cents a month"},
      json::About{"max_concurrent_tasks", "1 when less or left out"},
      json::About{"canvas", "absolute position in pixels"},
      json::About{"secrets", "values by their names"},
      json::About{"initial_memories", "kept nowhere; the answer warns of it"}};
};
BOOST_DESCRIBE_STRUCT(NewWorkspace, (),
                      (name, role, tier, runtime, external, model, template_, url, delivery_mode,
                       workspace_dir, workspace_access, parent_id, budget_limit,
                       max_concurrent_tasks, canvas, secrets, initial_memories))

// Body of PATCH /workspaces/{id}. What is left out stays as it is.
struct WorkspaceChange {
  std::optional<std::string> name;
  std::optional<std::string> role;
  std::optional<std::int64_t> tier;
  std::optional<std::string> runtime;
  json::Omit<std::optional<WorkspaceId>> parent_id;
  json::Omit<std::optional<std::string>> workspace_dir;
  std::optional<WorkspaceAccess> workspace_access;
  std::optional<bool> collapsed;
  std::optional<double> x;
  std::optional<double> y;

  static constexpr json::Reading reading{.form = bad_workspace_fields,
                                         .bounds = bad_workspace_fields,
                                         .missing = bad_workspace_fields,
                                         .object = {"invalid_request_body", "invalid request body"},
                                         .any_text = true};
  static constexpr std::array rules{
      json::Rule("name").size(0, workspace_name_max),
      json::Rule("role").size(0, workspace_role_max),
      json::Rule("tier").from(1, 4),
      json::Rule("runtime").size(1, runtime_max),
      json::Rule("parent_id").refused_by(bad_parent),
      json::Rule("workspace_dir").size(0, path_max).refused_by(bad_workspace_directory),
      json::Rule("workspace_access").size(0, word_max).or_empty().refused_by(bad_workspace_access),
      json::Rule("x").from(-position_max, position_max).together_with("y"),
      json::Rule("y").from(-position_max, position_max).together_with("x")};
  static constexpr std::array about{
      json::About{"name", "not blank"},
      json::About{"tier", "operators only"},
      json::About{"runtime", "operators only"},
      json::About{"parent_id", "null makes it a root; operators only"},
      json::About{"workspace_dir", "null or empty clears it; operators only"},
      json::About{"workspace_access", "operators only"}};
};
BOOST_DESCRIBE_STRUCT(WorkspaceChange, (),
                      (name, role, tier, runtime, parent_id, workspace_dir, workspace_access,
                       collapsed, x, y))

// A workspace as lists and reads show it. What peers are not shown is left out.
struct Workspace {
  WorkspaceId id;
  std::string name;
  std::optional<std::string> role;
  int tier = 3;
  WorkspaceStatus status = WorkspaceStatus::provisioning;
  std::string url;
  std::optional<WorkspaceId> parent_id;
  RawJson agent_card;
  std::int64_t active_tasks = 0;
  int max_concurrent_tasks = 1;
  std::int64_t uptime_seconds = 0;
  double last_error_rate = 0;
  std::string runtime;
  double x = 0;
  double y = 0;
  bool collapsed = false;
  json::Omit<std::string> last_sample_error;
  json::Omit<std::string> current_task;
  json::Omit<std::optional<std::string>> workspace_dir;
  json::Omit<std::optional<std::int64_t>> budget_limit;
  json::Omit<std::int64_t> monthly_spend;
  std::optional<Instant> last_outbound_at;
  std::optional<Instant> last_heartbeat_at;
  Instant created_at;
  DeliveryMode delivery_mode = DeliveryMode::push;
  bool late = false;

  static constexpr std::array about{
      json::About{"url", "where its agent is called; empty when it has no address"},
      json::About{"agent_card", "its A2A card as it registered it; null before"},
      json::About{"uptime_seconds", "of the agent's process, as it says"},
      json::About{"last_error_rate", "0 to 1, as it says"},
      json::About{"x", "absolute position on the canvas in pixels"},
      json::About{"last_sample_error", "what went wrong last; not for peers"},
      json::About{"current_task", "not for peers"},
      json::About{"workspace_dir", "not for peers"},
      json::About{"budget_limit", "US cents a month; not for peers"},
      json::About{"monthly_spend", "US cents; not for peers"},
      json::About{"last_outbound_at", "when it last sent a message to another workspace"},
      json::About{"late", "two beats were missed; not yet offline"}};
};
BOOST_DESCRIBE_STRUCT(Workspace, (),
                      (id, name, role, tier, status, url, parent_id, agent_card, active_tasks,
                       max_concurrent_tasks, uptime_seconds, last_error_rate, runtime, x, y,
                       collapsed, last_sample_error, current_task, workspace_dir, budget_limit,
                       monthly_spend, last_outbound_at, last_heartbeat_at, created_at,
                       delivery_mode, late))

// How an agent joins: addresses, and texts to paste.
struct Connection {
  WorkspaceId workspace_id;
  std::string platform_url;
  std::string auth_token;
  std::string registry_endpoint;
  std::string heartbeat_endpoint;
  std::string curl_register_template;
  std::string python_snippet;
  std::string command_snippet;
  std::string join_snippet;
  std::string claude_code_channel_snippet;
  std::string universal_mcp_snippet;
  std::string claude_code_snippet;
  std::string codex_snippet;
  std::string gemini_snippet;
  std::string opencode_snippet;
  std::string hermes_channel_snippet;
  std::string openclaw_snippet;

  static constexpr std::array about{
      json::About{"auth_token", "only in the answer that made it; empty in every later one"},
      json::About{"join_snippet", "one line, the same in every shell"},
      json::About{"claude_code_channel_snippet", "lines for a shell, in a checkout"},
      json::About{"universal_mcp_snippet", "JSON for clients that read it"},
      json::About{"opencode_snippet", "JSON for opencode.json"}};
};
BOOST_DESCRIBE_STRUCT(Connection, (),
                      (workspace_id, platform_url, auth_token, registry_endpoint,
                       heartbeat_endpoint, curl_register_template, python_snippet, command_snippet,
                       join_snippet, claude_code_channel_snippet, universal_mcp_snippet,
                       claude_code_snippet, codex_snippet, gemini_snippet, opencode_snippet,
                       hermes_channel_snippet, openclaw_snippet))

struct ConnectionAnswer {
  Connection connection;
};
BOOST_DESCRIBE_STRUCT(ConnectionAnswer, (), (connection))

// Answer of POST /workspaces.
struct WorkspaceMade {
  WorkspaceId id;
  std::string name;
  json::Omit<bool> external;
  WorkspaceStatus status = WorkspaceStatus::provisioning;
  json::Omit<Connection> connection;
  json::Omit<std::string> awareness_namespace;
  WorkspaceAccess workspace_access = WorkspaceAccess::none;
  std::string platform_url;
  json::Omit<std::string> warning;

  static constexpr std::array about{
      json::About{"name", "as it is kept: a number may have been added"},
      json::About{"connection", "of a workspace whose agent has yet to join"},
      json::About{"warning", "what of the request was not kept"}};
};
BOOST_DESCRIBE_STRUCT(WorkspaceMade, (),
                      (id, name, external, status, connection, awareness_namespace,
                       workspace_access, platform_url, warning))

// Answer of GET /workspaces/{id}/state. A removed one answers 404 with deleted = true.
struct WorkspaceState {
  WorkspaceId workspace_id;
  json::Omit<WorkspaceStatus> status;
  json::Omit<bool> paused;
  bool deleted = false;
};
BOOST_DESCRIBE_STRUCT(WorkspaceState, (), (workspace_id, status, paused, deleted))

struct WorkspaceUpdated {
  std::string status = "updated";
  json::Omit<bool> needs_restart;
};
BOOST_DESCRIBE_STRUCT(WorkspaceUpdated, (), (status, needs_restart))

struct WorkspaceRemoved {
  std::string status;
  std::int64_t cascade_deleted = 0;

  static constexpr std::array about{json::About{"status", "\"removed\" or \"purged\""},
                                    json::About{"cascade_deleted", "workspaces below it"}};
};
BOOST_DESCRIBE_STRUCT(WorkspaceRemoved, (), (status, cascade_deleted))

struct Paused {
  WorkspaceStatus status = WorkspaceStatus::paused;
  std::int64_t paused_count = 0;
};
BOOST_DESCRIBE_STRUCT(Paused, (), (status, paused_count))

struct Resumed {
  WorkspaceStatus status = WorkspaceStatus::awaiting_agent;
  std::int64_t resumed_count = 0;
};
BOOST_DESCRIBE_STRUCT(Resumed, (), (status, resumed_count))

struct Restarted {
  std::string status;
  std::string runtime;
  std::string message;

  static constexpr std::array about{
      json::About{"status", "\"noop\" for an agent that runs where its owner started it"}};
};
BOOST_DESCRIBE_STRUCT(Restarted, (), (status, runtime, message))

// Members of refusals.

struct RemovedHint {
  WorkspaceId id;
  std::optional<Instant> removed_at;
  std::string hint;
};
BOOST_DESCRIBE_STRUCT(RemovedHint, (), (id, removed_at, hint))

struct Child {
  WorkspaceId id;
  std::string name;
};
BOOST_DESCRIBE_STRUCT(Child, (), (id, name))

// The whole of a 409 that asks before a tree is removed.
struct ConfirmationRequired {
  std::string status = "confirmation_required";
  std::string message;
  std::string error;
  std::string code = "confirmation_required";
  std::vector<Child> children;
  std::int64_t children_count = 0;
};
BOOST_DESCRIBE_STRUCT(ConfirmationRequired, (),
                      (status, message, error, code, children, children_count))

struct WrongName {
  std::string hint;
  std::string workspace_name;
  std::int64_t child_count = 0;
};
BOOST_DESCRIBE_STRUCT(WrongName, (), (hint, workspace_name, child_count))

struct OperatorFields {
  std::vector<std::string> fields;
};
BOOST_DESCRIBE_STRUCT(OperatorFields, (), (fields))

struct NotExternal {
  std::string runtime;
  std::string hint;
};
BOOST_DESCRIBE_STRUCT(NotExternal, (), (runtime, hint))

}  // namespace molecule::api
