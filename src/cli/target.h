// Which platform a verb asks, and with what: what the command line names, else the environment,
// else the profile in use, else the platform that runs on this machine's data directory. A token
// goes to the platform that it is for, and to no other.
#pragma once

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
  std::string token_wanted;  // How to give it one, as a sentence's end.
};

// The profile file that --config, else the environment, names.
std::filesystem::path profile_file(const Given& given);

// Throws Fault bad_request for a URL that is none and for a profile that is not there, and what
// Profiles::load throws.
Target find_target(const Given& given);

}  // namespace molecule::cli
