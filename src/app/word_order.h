// Options of the client verbs may stand before the verb, too: `molecule -o json ws list`.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace molecule::app {

// The words with such options behind the verb, where it takes them.
std::vector<std::string> in_order(const CLI::App& cli, std::vector<std::string> words);

}  // namespace molecule::app
