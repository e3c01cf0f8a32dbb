// What an operator does from a shell: to a data directory, or to the platform that runs on it.
#pragma once

#include <string>

#include "app/config.h"

namespace molecule::app {

struct AdminOptions {
  std::string url;        // Where the platform answers; empty: as the data directory tells.
  std::string output;     // "json" or anything else for text.
  std::string directory;  // Of the backup.
};

// Prints a new sign-in link. Goes through the store, so it works whether the platform runs or not.
// Throws Fault not_found `no_data` when there is no platform to sign in to.
void print_claim_link(const Config& config, const AdminOptions& options);

// Has the running platform seal its secrets with a new key, and prints how many it was. Throws
// Fault unavailable `not_reachable` when none answers, forbidden `refused` when it says no.
void rotate_sealing_key(const Config& config, const AdminOptions& options);

}  // namespace molecule::app
