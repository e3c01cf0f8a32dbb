// A program that speaks stream-json: one process a session, messages and events as lines of JSON
// both ways, as Claude Code does. It takes turns of its own accord, too, when something that it
// left running in the background has ended; which one answers us it says by repeating our message.
#pragma once

#include <filesystem>

#include "agent/line_session.h"
#include "platform/io/clock.h"

namespace molecule::agent {

struct StreamJsonCall {
  std::vector<std::string> arguments;  // The program first.
  Environment environment;
  std::string mcp_settings;      // The content of its file of MCP servers.
  std::filesystem::path folder;  // For files that it is given; ours alone.
  LineSession::Limits limits;
};

class StreamJsonExecutor final : public Executor {
 public:
  StreamJsonExecutor(io::Loop& loop, StreamJsonCall call, io::Random& random)
      : loop_(loop), call_(std::move(call)), random_(random) {}
  std::unique_ptr<Session> start(Opening opening) override;

 private:
  io::Loop& loop_;
  const StreamJsonCall call_;
  io::Random& random_;
};

}  // namespace molecule::agent
