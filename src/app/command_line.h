// The command line: its verbs, their flags and help, and what a person is told when it is used
// wrongly.
#pragma once

#include <string>

namespace molecule::app {

// Runs the verb that was asked for and returns the exit status.
int run_command_line(int argc, char** argv);

// Every verb with its help, for the reference.
std::string commands_page();

}  // namespace molecule::app
