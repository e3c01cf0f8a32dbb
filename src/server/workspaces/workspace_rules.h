// What a workspace may be called, where it may sit and what a request to make or change one may
// say. Reading is strict: a wrong type or an over-long field refuses the whole request.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "platform/json/json.h"
#include "server/workspaces/workspaces.h"

namespace molecule::workspaces {

// Bytes of UTF-8.
inline constexpr std::size_t name_max = 255;
inline constexpr std::size_t role_max = 1000;
inline constexpr std::size_t model_max = 100;
inline constexpr std::size_t runtime_max = 100;
inline constexpr std::size_t path_max = 4096;
inline constexpr std::size_t url_max = 2048;
inline constexpr std::size_t secrets_max = 200;  // In one request.
inline constexpr std::size_t secret_value_max = 65536;
inline constexpr std::int64_t tasks_max = 10'000;  // max_concurrent_tasks
inline constexpr double position_max = 1e7;        // Absolute canvas coordinates.
inline constexpr std::int64_t depth_max =
    32;                                // Workspaces on the way from a root, itself included.
inline constexpr int name_tries = 20;  // " (2)" to " (20)", then 409.

struct NewWorkspace {
  std::string name;
  std::string role;
  int tier = 3;
  std::string runtime;  // Empty in the request: "langgraph".
  std::string model;
  std::string template_name;
  std::string url;  // Only of agents that join by themselves.
  std::optional<Delivery> delivery;
  std::optional<std::string> workspace_dir;
  Access workspace_access = Access::none;
  std::optional<WorkspaceId> parent;
  std::optional<std::int64_t> budget_limit;
  int max_concurrent_tasks = 1;
  double x = 0;
  double y = 0;
  std::vector<std::pair<std::string, Secret>> secrets;
  bool has_memories = false;  // initial_memories was given; nothing here keeps them.
};
NewWorkspace read_new(std::string_view body);

// Absent members stay as they are; an inner empty optional clears.
struct Change {
  std::optional<std::string> name;
  std::optional<std::string> role;
  std::optional<int> tier;
  std::optional<std::string> runtime;
  std::optional<std::optional<WorkspaceId>> parent;
  std::optional<std::optional<std::string>> workspace_dir;
  std::optional<Access> workspace_access;
  std::optional<bool> collapsed;
  std::optional<std::pair<double, double>> position;

  // Members only an operator may change, by their JSON names.
  std::vector<std::string> infrastructure() const;
};
Change read_change(std::string_view body);

// Members read one by one, with a Fault that names the member. Also used by the registry's bodies.
std::optional<std::string> text_member(json::Node body, std::string_view name, std::size_t max,
                                       std::string_view code);

}  // namespace molecule::workspaces
