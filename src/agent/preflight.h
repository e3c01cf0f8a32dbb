// What is looked at before anything starts: whether this configuration can work on this machine.
#pragma once

#include <string>
#include <vector>

#include "agent/config.h"
#include "wire/runtimes/runtimes.h"

namespace molecule::agent {

struct Finding {
  enum class Weight : std::uint8_t { fail, warn };
  Weight weight = Weight::fail;
  std::string title;
  std::string detail;
  std::string fix;           // What to do; may be empty.
  bool of_platform = false;  // Of what is needed to be there for others, not to work.
};

// The token's file: .auth_token in the configuration's directory.
std::filesystem::path token_file(const Config& config);

// `environment_path` is where programs are looked for, a list as PATH is one. A key that is missing
// is no finding: it may be among the workspace's secrets.
std::vector<Finding> examine(const Config& config, const std::string& environment_path);

// One header, then a line or two for each; empty when there is nothing.
std::string report(const std::vector<Finding>& findings);
bool can_start(const std::vector<Finding>& findings);

}  // namespace molecule::agent
