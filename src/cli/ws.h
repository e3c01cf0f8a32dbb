// What `molecule ws` does that other nouns do, too.
#pragma once

#include <array>

#include "cli/session.h"

namespace molecule::cli {

io::Task<int> list_workspaces(Session& session, const Given& given);
io::Task<int> show_workspace(Session& session, const Given& given);

inline constexpr std::array list_workspaces_takes{
    Option{.name = "--status",
           .shape = "STATUS",
           .help = "Only those of this status",
           .form = Option::Form::words,
           .words = "provisioning awaiting_agent online degraded "
                    "offline paused hibernated failed"}};

}  // namespace molecule::cli
