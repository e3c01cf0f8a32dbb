// What the verbs share: what was parsed of the command line, and the options that several take.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "agent/runtime.h"
#include "app/admin.h"
#include "app/reference.h"
#include "cli/verb.h"
#include "join/join.h"

namespace molecule::app {

struct Arguments {
  std::map<std::string, std::string> flags;
  std::optional<std::string> file;
  std::string output;
  ReferenceFiles reference;
  AdminOptions admin;
  bool mouse = false;  // Of `molecule top`.
  join::Options join;
  agent::Options runtime;
  bool channel = false;  // Of mcp.
  bool manage = false;
  cli::Given given;  // For a verb of cli/.
  const CLI::App* root = nullptr;
  std::map<const CLI::Option*, const cli::Option*> known;  // Those of cli/.
  int status = 0;                                          // What the verb ended with.
};

// Adds the flags of the settings named, or of all that may stand on a command line; secrets may
// not.
void add_settings(CLI::App& verb, Arguments& arguments,
                  std::initializer_list<std::string_view> only = {});
void add_output(CLI::App& verb, std::string& output);
void add_url(CLI::App& verb, std::string& url);

void add_runtime_verb(CLI::App& cli, Arguments& arguments);
void add_top_verb(CLI::App& cli, Arguments& arguments);

}  // namespace molecule::app
