// What an agent says that the platform started, and what can be started.
#pragma once

#include "cli/session.h"

namespace molecule::cli {

io::Task<int> show_logs(Session& session, const Given& given);
io::Task<int> show_process(Session& session, const Given& given);
io::Task<int> list_runtimes(Session& session, const Given& given);

}  // namespace molecule::cli
