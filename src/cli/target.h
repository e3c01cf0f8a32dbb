// Which platform a verb asks, and with what: what the command line names, else the environment,
// else the profile in use, else the platform that runs on this machine's data directory. A token
// goes to the platform that it is for, and to no other.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/secret.h"
#include "cli/profiles.h"
#include "cli/verb.h"

namespace molecule::cli {

struct Target {
  std::string url;
  Secret token;  // Empty: none was found.
  std::string ca_file;
  std::string output;        // As the profile wants it; may be empty.
  std::string named_by;      // "--url", "profile work", "the platform that runs on DIR", …
  std::string token_from;    // Where the token came from; empty: there is none.
  std::string passed_over;   // A variable whose token is not used, and why; empty: none.
  std::string token_wanted;  // How to give it one, as a sentence's end.
  // Where the address or the token came from a data directory: whoever runs on it is meant, and
  // nobody else who may answer there later.
  std::filesystem::path meant;

  // What client::Platform::look_at_connections is given; empty: the address alone is meant.
  std::function<void()> look() const;
};

// The profile file that --config, else the environment, names.
std::filesystem::path profile_file(const Given& given);

// Throws Fault bad_request for a URL that is none and for a profile that is not there, and what
// Profiles::load throws.
Target find_target(const Given& given);

}  // namespace molecule::cli
