// `molecule join`: an agent of this machine becomes a workspace's, over one outbound connection.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "platform/io/clock.h"

namespace molecule::join {

struct Options {
  std::string platform;         // Its URL, or a ticket; "-": the ticket comes on standard input.
  std::string workspace;        // Its id; MOLECULE_WORKSPACE_ID when empty.
  bool token_on_stdin = false;  // Else MOLECULE_WORKSPACE_TOKEN, or the one that is kept.
  std::string agent;            // URL of an A2A server of this machine; or
  std::string command;          // what sh runs for each message.
  std::int64_t jobs = 1;        // Commands side by side.
  std::int64_t limit = 86'400;  // Seconds of one command.
  std::string name;             // Of the card, where the agent shows none.
  std::string state;            // Directory; empty: as Belongings::default_state.
  std::string door;     // ADDRESS:PORT of the way from the agent to the platform; port 0 picks one.
  std::string ca_file;  // Certificates to trust besides the machine's.
};

// Runs until SIGTERM or SIGINT. Throws Fault when it cannot begin or the platform refuses for good.
void run(const Options& options, const io::Clock& clock, io::Random& random);

}  // namespace molecule::join
