// What a workspace may be called, where it may sit and what a request to make or change one may
// say beyond what its type allows (wire/api/workspaces.h).
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "server/auth/access.h"
#include "server/workspaces/workspaces.h"

namespace molecule::workspaces {

inline constexpr std::size_t name_max = api::workspace_name_max;  // Bytes of UTF-8.
// Workspaces on the way from a root, itself included.
inline constexpr std::int64_t depth_max = 32;
inline constexpr int name_tries = 20;  // " (2)" to " (20)", then 409.

struct NewWorkspace {
  std::string name;
  std::string role;
  int tier = 3;
  std::string runtime;  // Empty in the request: "langgraph".
  std::string model;
  std::string command;  // What runs for each message, where the runtime is one's own program.
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
  std::map<std::string, Secret> secrets;
  bool has_memories = false;   // initial_memories was given; nothing here keeps them.
  json::Omit<std::string> by;  // The organisation key that makes it.
  std::string maker;           // Whoever makes it, of whom its token is.
};
// What bodies may say beyond what their types allow. Throws Fault.
NewWorkspace checked(api::NewWorkspace said);
// The command that such a body names beside the rest.
std::string checked_command(std::string_view body);

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
  json::Omit<std::string> by;  // The organisation key that changes it.

  // Members only an operator may change, by their JSON names.
  std::vector<std::string> infrastructure() const;
};
Change checked(api::WorkspaceChange said);

// Whoever gives an agent a directory of the machine gives it what no workspace has. Throws Fault
// forbidden `insufficient_scope` for an operator of less than admin.
void require_to_share(const auth::Caller& caller);

}  // namespace molecule::workspaces
