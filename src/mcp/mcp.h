// `molecule mcp`: a workspace's tools and inbox for a client of the Model Context Protocol, over
// standard input and output.
#pragma once

#include "platform/io/clock.h"

namespace molecule::mcp {

// Runs until the client goes, or SIGTERM. Answers the exit status: 0, 2 when the environment says
// too little, 3 when the platform refuses the token.
int run(const io::Clock& clock, io::Random& random);

// The same for a session of Claude Code that shows every message as a turn (channel.h). 1 when its
// settings say too little, 2 when a platform is too old.
int run_channel(const io::Clock& clock, io::Random& random);

}  // namespace molecule::mcp
