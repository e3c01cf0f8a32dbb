// Our own MCP server as an agent's program is told of it: `molecule mcp`, acting as the workspace.
// Its token is in a file that it reads, in no argument and no variable.
#pragma once

#include <string>

#include "agent/adapters.h"
#include "agent/executor.h"

namespace molecule::agent {

struct McpServer {
  std::string command;
  std::vector<std::string> arguments;
  Environment environment;
};

McpServer mcp_server(const Config& config, const Places& places);

// As {"command": …, "args": […], "env": {…}}.
std::string as_settings(const McpServer& server);
// As {"name": …, "command": …, "args": […], "env": [{"name": …, "value": …}]}.
std::string as_acp(const McpServer& server);

}  // namespace molecule::agent
