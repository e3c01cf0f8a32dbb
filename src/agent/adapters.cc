#include "agent/adapters.h"

#include <algorithm>

#include "agent/acp.h"
#include "agent/app_server.h"
#include "agent/exec.h"
#include "agent/mcp_server.h"
#include "agent/stream_json.h"
#include "agent/worker.h"
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
  call.folder = places.sessions();
  return call;
}

// A home of its own kind, which stays, since its sessions are there: with the system text as the
// memory that it reads beside its own text, and what its user has configured.
Environment prepare_gemini(const Opening& opening, const std::filesystem::path& home) {
  const std::filesystem::path place = home / ".gemini";
  files::make_private_directory(place);
  files::write_private(place / "GEMINI.md", opening.system);
  const auto user =
      std::ranges::find(opening.environment, "HOME", &std::pair<std::string, std::string>::first);
  if (user != opening.environment.end()) {
    const std::filesystem::path theirs = user->second;
    if (const auto settings = files::read(theirs / ".gemini" / "settings.json"))
      files::write_private(place / "settings.json", *settings);
  }
  const RawJson auth = json::Object{}.add("selectedType", "gemini-api-key").raw();
  const RawJson security = json::Object{}.add("auth", auth).raw();
  files::write_private(home / "system.json", json::Object{}.add("security", security).text());
  return {{"GEMINI_CLI_HOME", home.string()},
          {"GEMINI_CLI_SYSTEM_SETTINGS_PATH", (home / "system.json").string()},
          {"GEMINI_CLI_TRUST_WORKSPACE", "true"},
          {"GEMINI_CLI_NO_RELAUNCH", "true"}};
}

// On top of what its user has configured.
Environment prepare_opencode(const Opening& opening, const std::filesystem::path& folder) {
  files::write_private(folder / "system.md", opening.system);
  const RawJson allowing(R"("allow")");
  const RawJson denying(R"({"edit":"deny","bash":"deny"})");  // It is not offered them.
  const std::vector<std::string> instructions{(folder / "system.md").string()};
  const std::string config = json::Object{}
                                 .add("instructions", instructions)
                                 .add("permission", opening.leads ? denying : allowing)
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
  call.prepare = prepare_opencode;
  if (gemini) {
    call.prepare = [home = places.config / ".state" / "gemini"](const Opening& opening, auto&) {
      return prepare_gemini(opening, home);
    };
  }
  call.mcp = as_acp(mcp_server(config, places));
  call.folder = places.sessions();
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

WorkerCall worker(const runtimes::Runtime& runtime, const Config& config, const Places& places) {
  WorkerCall call;
  call.python = program_of(runtime, config);
  call.program = places.config / ".state" / "worker.py";
  call.framework = runtime.id;
  call.install = runtime.install;
  call.model = config.text("model");
  call.keys.assign(runtime.keys.begin(), runtime.keys.end());
  call.mcp = as_acp(mcp_server(config, places));
  call.states = places.config / ".state" / "worker";
  return call;
}

}  // namespace

std::unique_ptr<Executor> executor_for(const runtimes::Runtime& runtime, const Config& config,
                                       const Places& places, io::Loop& loop, io::Random& random) {
  switch (runtime.executor) {
    case runtimes::Executor::exec: return std::make_unique<ExecExecutor>(loop, command_of(config));
    case runtimes::Executor::stream_json:
      return std::make_unique<StreamJsonExecutor>(loop, claude(runtime, config, places), random);
    case runtimes::Executor::acp:
      return std::make_unique<AcpExecutor>(loop, acp(runtime, config, places), random);
    case runtimes::Executor::app_server:
      return std::make_unique<AppServerExecutor>(loop, codex(runtime, config, places));
    case runtimes::Executor::worker:
      return std::make_unique<WorkerExecutor>(loop, worker(runtime, config, places), random);
    case runtimes::Executor::agent_http:
    case runtimes::Executor::router: break;
  }
  throw bad_request("runtime_not_there",
                    fmt::format("this version cannot drive {} yet", runtime.title));
}

}  // namespace molecule::agent
