// What a verb has to know of the program that it is part of.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/verb.h"

namespace molecule::cli {

// The words of the command line, those of other parts of the program too.
struct Words {
  struct Choice {
    std::vector<std::string> names;  // "-n", "--name"; empty: an argument.
    std::string does;
    bool takes_value = false;
    std::vector<std::string> values;  // Those that it may have, where they are few.
    Option::Names kind = Option::Names::none;
  };
  std::string name;
  std::vector<std::string> aliases = {};
  std::string does = {};
  std::vector<Choice> choices = {};
  std::vector<Words> below = {};
};

struct Program {
  std::string_view version;
  std::function<Words()> words;
};

}  // namespace molecule::cli
