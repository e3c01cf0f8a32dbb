// `molecule runtime`: one workspace's agent, from its configuration to its last message.
#pragma once

#include <iosfwd>
#include <string>

#include "platform/io/clock.h"

namespace molecule::agent {

struct Options {
  std::string config;  // Its directory; empty: default_directory().
  bool smoke = false;  // One turn without a platform, to see whether all is there.
};

inline constexpr int wrong_configuration = 2;  // The exit status.

// Runs until SIGTERM or SIGINT; the exit status. Throws Fault when the platform refuses it for
// good. What is wrong with the configuration is told on standard error.
int run(const Options& options, const io::Clock& clock, io::Random& random);

// Every value and where it comes from; as JSON for programs.
void show_config(std::ostream& out, const Options& options, bool as_json);

}  // namespace molecule::agent
