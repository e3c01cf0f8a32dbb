// What a body that makes a workspace says beside api::NewWorkspace of an agent that is started.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>

#include "base/fields.h"
#include "platform/json/json.h"
#include "wire/api/workspaces.h"

namespace molecule::api {

inline constexpr std::size_t command_max = 4000;

struct AgentCommand {
  std::optional<std::string> command;

  static constexpr json::Reading reading{
      .form = bad_workspace_fields,
      .bounds = bad_workspace_fields,
      .missing = {"invalid_workspace_payload", "invalid workspace payload"},
      .object = {"invalid_workspace_payload", "invalid workspace payload"},
      .any_text = true};
  static constexpr std::array rules{json::Rule("command").size(0, command_max)};
  static constexpr std::array about{json::About{
      "command", "of the runtime \"command\": the line that a shell runs for each message"}};
};
BOOST_DESCRIBE_STRUCT(AgentCommand, (), (command))

}  // namespace molecule::api
