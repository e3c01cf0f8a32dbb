// A program that speaks the Agent Client Protocol, version 1: Gemini CLI, OpenCode, and any other.
#pragma once

#include <filesystem>
#include <functional>

#include "agent/line_session.h"
#include "platform/io/clock.h"

namespace molecule::agent {

struct AcpCall {
  std::vector<std::string> arguments;  // The program first.
  // Writes what the program reads of the system text into the session's folder; the variables by
  // which it finds it.
  std::function<Environment(const Opening& opening, const std::filesystem::path& folder)> prepare;
  std::string mcp;               // Our server, as session/new takes it.
  std::filesystem::path folder;  // For those of the sessions; ours alone.
  LineSession::Limits limits;
};

class AcpExecutor final : public Executor {
 public:
  AcpExecutor(io::Loop& loop, AcpCall call, io::Random& random)
      : loop_(loop), call_(std::move(call)), random_(random) {}
  std::unique_ptr<Session> start(Opening opening) override;

 private:
  io::Loop& loop_;
  const AcpCall call_;
  io::Random& random_;
};

}  // namespace molecule::agent
