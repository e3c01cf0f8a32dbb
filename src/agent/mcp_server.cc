#include "agent/mcp_server.h"

#include "agent/preflight.h"
#include "platform/json/json.h"

namespace molecule::agent {

McpServer mcp_server(const Config& config, const Places& places) {
  McpServer server;
  server.command = places.self;
  server.arguments = {"mcp"};
  server.environment = {
      {"PLATFORM_URL", config.text("platform_url")},
      {"WORKSPACE_ID", config.text("workspace_id")},
      {"MOLECULE_WORKSPACE_TOKEN_FILE", std::filesystem::absolute(token_file(config)).string()},
      {"CONFIGS_DIR", (places.config / ".state" / "mcp").string()},
      // Messages come by the runtime, which also beats.
      {"MOLECULE_MCP_DISABLE_HEARTBEAT", "1"},
      {"MOLECULE_MCP_DISABLE_INBOX", "1"}};
  return server;
}

std::string as_settings(const McpServer& server) {
  json::Object environment;
  for (const auto& [name, value] : server.environment) environment.add(name, value);
  return json::Object{}
      .add("command", server.command)
      .add("args", server.arguments)
      .add("env", environment.raw())
      .text();
}

std::string as_acp(const McpServer& server) {
  std::string environment;
  for (const auto& [name, value] : server.environment) {
    environment += environment.empty() ? "" : ",";
    environment += json::Object{}.add("name", name).add("value", value).text();
  }
  return json::Object{}
      .add("name", "molecule")
      .add("command", server.command)
      .add("args", server.arguments)
      .add("env", RawJson("[" + environment + "]"))
      .text();
}

}  // namespace molecule::agent
