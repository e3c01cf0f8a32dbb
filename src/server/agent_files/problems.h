// Problems of a configuration as the API tells them.
#pragma once

#include <vector>

#include "wire/agent_config/settings.h"
#include "wire/api/agent_files.h"

namespace molecule::agent_files {

inline std::vector<api::AgentConfigProblem> shown(
    const std::vector<agent_config::Problem>& problems) {
  std::vector<api::AgentConfigProblem> all;
  for (const agent_config::Problem& each : problems) {
    api::AgentConfigProblem& one = all.emplace_back();
    if (!each.key.empty()) one.key = each.key;
    one.text = each.text;
    if (each.line > 0) one.line = each.line;
    if (each.column > 0) one.column = each.column;
  }
  return all;
}

}  // namespace molecule::agent_files
