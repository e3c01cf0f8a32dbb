#include "agent/adapters.h"

#include "agent/exec.h"
#include "agent/mcp_server.h"
#include "agent/stream_json.h"
#include "base/fault.h"

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

}  // namespace

std::unique_ptr<Executor> executor_for(const runtimes::Runtime& runtime, const Config& config,
                                       const Places& places, io::Loop& loop, io::Random& random) {
  switch (runtime.executor) {
    case runtimes::Executor::exec:
      return std::make_unique<ExecExecutor>(loop, command_of(config), random);
    case runtimes::Executor::stream_json:
      return std::make_unique<StreamJsonExecutor>(loop, claude(runtime, config, places));
    case runtimes::Executor::acp:
    case runtimes::Executor::app_server:
    case runtimes::Executor::agent_http:
    case runtimes::Executor::worker:
    case runtimes::Executor::router: break;
  }
  throw bad_request("runtime_not_there",
                    fmt::format("this version cannot drive {} yet", runtime.title));
}

}  // namespace molecule::agent
