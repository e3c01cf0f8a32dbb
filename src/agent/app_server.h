// Codex's app-server: one process a session, threads and turns as JSON-RPC in lines.
#pragma once

#include "agent/line_session.h"

namespace molecule::agent {

struct AppServerCall {
  std::vector<std::string> arguments;  // The program first.
  std::string model;                   // Empty: its own.
  std::string mcp;                     // Our server, as its configuration has it.
  std::vector<std::string> keys;       // Variables of which one is its key.
  LineSession::Limits limits;
};

class AppServerExecutor final : public Executor {
 public:
  AppServerExecutor(io::Loop& loop, AppServerCall call) : loop_(loop), call_(std::move(call)) {}
  std::unique_ptr<Session> start(Opening opening) override;

 private:
  io::Loop& loop_;
  const AppServerCall call_;
};

}  // namespace molecule::agent
