// Completion scripts, made from the words of the command line.
#pragma once

#include <string>
#include <string_view>

#include "cli/program.h"

namespace molecule::cli {

// For "bash", "zsh", "fish" or "powershell".
std::string completion_script(std::string_view shell, const Words& words);

}  // namespace molecule::cli
