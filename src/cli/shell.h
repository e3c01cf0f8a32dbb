// A shell in the room of an agent, at this terminal or between pipes.
#pragma once

#include "cli/session.h"
#include "cli/verb.h"

namespace molecule::cli {

io::Task<int> run_shell(Session& session, const Given& given);

}  // namespace molecule::cli
