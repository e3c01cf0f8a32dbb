// Handing work over, for all nouns that have a verb for it.
#pragma once

#include <array>

#include "cli/session.h"

namespace molecule::cli {

io::Task<int> create_delegation(Session& session, const Given& given);

inline constexpr Option delegation_wait_option{
    .name = "--wait", .shape = "", .help = "Wait for its end"};
inline constexpr std::array create_delegation_takes{
    Option{.name = "source",
           .shape = "WORKSPACE",
           .help = "Who hands it over",
           .required = true,
           .names = Option::Names::workspaces},
    Option{.name = "target",
           .shape = "WORKSPACE",
           .help = "To whom",
           .required = true,
           .names = Option::Names::workspaces},
    Option{.name = "task",
           .shape = "TASK",
           .help = "What to do; - reads standard input",
           .required = true},
    Option{.name = "--key", .shape = "TEXT", .help = "Asked for again under this key, it is one"},
    delegation_wait_option};

}  // namespace molecule::cli
