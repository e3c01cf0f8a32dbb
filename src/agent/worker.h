// Frameworks of Python: a worker program of ours is around one of them, one process a session. What
// was said is kept in a file between two of them.
#pragma once

#include <filesystem>
#include <string_view>

#include "agent/line_session.h"
#include "platform/io/clock.h"

namespace molecule::agent {

struct WorkerCall {
  std::string python;
  std::filesystem::path program;  // Where the worker's text is put.
  std::string framework;
  std::string install;  // The line that installs it.
  std::string model;    // As the configuration names it; empty: a usual one of the provider.
  std::vector<std::string> keys;  // Variables of which one is a provider's key; the first counts.
  std::string mcp;                // Our server, as session/new of ACP takes it.
  std::filesystem::path states;   // The folder for what was said.
  LineSession::Limits limits;
};

// Which provider is asked, and for what.
struct ModelChoice {
  std::string provider;  // "anthropic", or "openai" for all that speak as it does.
  std::string name;
  std::string base_url;  // Empty: the provider's own.
  std::string key;       // The variable's name.
};
ModelChoice choose_model(std::string_view model, const std::vector<std::string>& keys,
                         const Environment& environment);

class WorkerExecutor final : public Executor {
 public:
  WorkerExecutor(io::Loop& loop, WorkerCall call, io::Random& random)
      : loop_(loop), call_(std::move(call)), random_(random) {}
  std::unique_ptr<Session> start(Opening opening) override;
  void forget(const std::string& session) override;

 private:
  io::Loop& loop_;
  const WorkerCall call_;
  io::Random& random_;
};

}  // namespace molecule::agent
