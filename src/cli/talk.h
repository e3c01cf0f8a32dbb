// Writing to agents, as more than one noun offers it.
#pragma once

#include <array>

#include "cli/verb.h"
#include "cli/workspaces.h"

namespace molecule::cli {

io::Task<int> send(Session& session, const Given& given);
io::Task<int> chat(Session& session, const Given& given);

inline constexpr Option context_option{
    .name = "--context", .shape = "ID", .help = "The conversation that it goes on with"};

inline constexpr Option no_wait_option{
    .name = "--no-wait", .shape = "", .help = "Print the receipt, and wait for no answer"};
inline constexpr Option timeout_option{.name = "--timeout",
                                       .shape = "SECONDS",
                                       .help = "Wait no longer (default a day)",
                                       .form = Option::Form::number,
                                       .least = 1,
                                       .most = 604'800};

inline constexpr std::array send_takes{
    workspace_argument,
    Option{.name = "text",
           .shape = "TEXT",
           .help = "What to say; - or nothing: standard input",
           .many = true},
    no_wait_option,
    timeout_option,
    Option{.name = "--task", .shape = "ID", .help = "The task whose question it answers"},
    context_option};
inline constexpr std::array chat_takes{
    workspace_argument,
    Option{
        .name = "-m,--message", .shape = "TEXT", .help = "Say this alone; - reads standard input"},
    context_option};

}  // namespace molecule::cli
