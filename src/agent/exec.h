// Any command as an agent: a turn runs it once, with the text on its standard input; what it prints
// is the answer. A session is a name that it finds in MOLECULE_SESSION_ID, the same in every turn
// of a conversation, so that a command may remember.
#pragma once

#include "agent/executor.h"
#include "platform/io/loop.h"

namespace molecule::agent {

class ExecExecutor final : public Executor {
 public:
  ExecExecutor(io::Loop& loop, std::vector<std::string> arguments)
      : loop_(loop), arguments_(std::move(arguments)) {}
  std::unique_ptr<Session> start(Opening opening) override;

 private:
  io::Loop& loop_;
  const std::vector<std::string> arguments_;
};

}  // namespace molecule::agent
