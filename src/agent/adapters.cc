#include "agent/adapters.h"

#include "agent/exec.h"
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

}  // namespace

std::unique_ptr<Executor> executor_for(const runtimes::Runtime& runtime, const Config& config,
                                       const Places&, io::Loop& loop, io::Random& random) {
  switch (runtime.executor) {
    case runtimes::Executor::exec:
      return std::make_unique<ExecExecutor>(loop, command_of(config), random);
    case runtimes::Executor::stream_json:
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
