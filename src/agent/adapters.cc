#include "agent/adapters.h"

#include "agent/acp.h"
#include "agent/app_server.h"
#include "agent/exec.h"
#include "agent/mcp_server.h"
#include "agent/stream_json.h"
#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/json/json.h"

namespace molecule::agent {
namespace {

// A command of one's own: words where they are listed, else a line for the shell.
std::vector<std::string> command_of(const Config& config) {
  const std::string& command = config.text("runtime_config.command");
  const auto& further = config.list("runtime_config.args");
  if (further.empty()) return {"/bin/sh", "-c", command};
  std::vector<std::string> words{command};
  words.insert(words.end(), further.begin(), further.end());
  return words;
}

// The program of a runtime: its own, or where the configuration says it is.
std::string program_of(const runtimes::Runtime& runtime, const Config& config) {
  const std::string& command = config.text("runtime_config.command");
  return command.empty() ? std::string(runtime.program) : command;
}

// As its maker names it, without the provider that may stand before it.
std::string model_of(const Config& config) {
  const std::string& model = config.text("model");
  const std::size_t end = model.find(':');
  return end == std::string::npos ? model : model.substr(end + 1);
}

StreamJsonCall claude(const runtimes::Runtime& runtime, const Config& config,
                      const Places& places) {
  StreamJsonCall call;
  // There is nobody to ask while it works; a question is what it answers with.
  call.arguments = {program_of(runtime, config), "--disallowedTools", "AskUserQuestion"};
  if (const std::string model = model_of(config); !model.empty())
    call.arguments.insert(call.arguments.end(), {"--model", model});
  const auto& further = config.list("runtime_config.args");
  call.arguments.insert(call.arguments.end(), further.begin(), further.end());
  call.environment = {{"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"},
                      {"DISABLE_AUTOUPDATER", "1"},
                      {"ENABLE_TOOL_SEARCH", "false"}};
  call.mcp_settings =
      fmt::format(R"({{"mcpServers":{{"molecule":{}}}}})", as_settings(mcp_server(config, places)));
  call.folder = places.config / ".state" / "sessions";
  return call;
}

// What it knows by itself stays; the text is a file of memory of a folder that it takes in.
Environment prepare_gemini(const Opening& opening, const std::filesystem::path& folder) {
  files::write_private(folder / "GEMINI.md", opening.system);
  const RawJson auth = json::Object{}.add("selectedType", "gemini-api-key").raw();
  const RawJson context = json::Object{}
                              .add("includeDirectories", std::vector<std::string>{folder.string()})
                              .add("loadMemoryFromIncludeDirectories", true)
                              .raw();
  files::write_private(folder / "settings.json",
                       json::Object{}
                           .add("security", json::Object{}.add("auth", auth).raw())
                           .add("context", context)
                           .text());
  return {{"GEMINI_CLI_SYSTEM_SETTINGS_PATH", (folder / "settings.json").string()},
          {"GEMINI_CLI_TRUST_WORKSPACE", "true"},
          {"GEMINI_CLI_NO_RELAUNCH", "true"}};
}

// On top of what its user has configured.
Environment prepare_opencode(const Opening& opening, const std::filesystem::path& folder) {
  files::write_private(folder / "system.md", opening.system);
  const std::vector<std::string> instructions{(folder / "system.md").string()};
  const std::string config = json::Object{}
                                 .add("instructions", instructions)
                                 .add("permission", "allow")
                                 .add("autoupdate", false)
                                 .add("share", "disabled")
                                 .text();
  return {{"OPENCODE_CONFIG_CONTENT", config}};
}

AcpCall acp(const runtimes::Runtime& runtime, const Config& config, const Places& places) {
  const bool gemini = runtime.id == "gemini-cli";
  AcpCall call;
  call.arguments = {program_of(runtime, config), gemini ? "--acp" : "acp"};
  if (const std::string model = model_of(config); gemini && !model.empty())
    call.arguments.insert(call.arguments.end(), {"-m", model});
  const auto& further = config.list("runtime_config.args");
  call.arguments.insert(call.arguments.end(), further.begin(), further.end());
  call.prepare = gemini ? prepare_gemini : prepare_opencode;
  call.mcp = as_acp(mcp_server(config, places));
  call.folder = places.config / ".state" / "sessions";
  return call;
}

AppServerCall codex(const runtimes::Runtime& runtime, const Config& config, const Places& places) {
  AppServerCall call;
  call.arguments = {program_of(runtime, config), "app-server"};
  const auto& further = config.list("runtime_config.args");
  call.arguments.insert(call.arguments.end(), further.begin(), further.end());
  call.model = model_of(config);
  call.mcp = as_settings(mcp_server(config, places));
  call.keys.assign(runtime.keys.begin(), runtime.keys.end());
  return call;
}

}  // namespace

std::unique_ptr<Executor> executor_for(const runtimes::Runtime& runtime, const Config& config,
                                       const Places& places, io::Loop& loop, io::Random& random) {
  switch (runtime.executor) {
    case runtimes::Executor::exec:
      return std::make_unique<ExecExecutor>(loop, command_of(config), random);
    case runtimes::Executor::stream_json:
      return std::make_unique<StreamJsonExecutor>(loop, claude(runtime, config, places));
    case runtimes::Executor::acp:
      return std::make_unique<AcpExecutor>(loop, acp(runtime, config, places));
    case runtimes::Executor::app_server:
      return std::make_unique<AppServerExecutor>(loop, codex(runtime, config, places));
    case runtimes::Executor::agent_http:
    case runtimes::Executor::worker:
    case runtimes::Executor::router: break;
  }
  throw bad_request("runtime_not_there",
                    fmt::format("this version cannot drive {} yet", runtime.title));
}

}  // namespace molecule::agent
