// `molecule mcp`: a workspace's tools and inbox for a client of the Model Context Protocol, over
// standard input and output.
#pragma once

#include "platform/io/clock.h"

namespace molecule::mcp {

// Runs until the client goes, or SIGTERM. Answers the exit status: 0, 2 when the environment says
// too little, 3 when the platform refuses the token.
int run(const io::Clock& clock, io::Random& random);

}  // namespace molecule::mcp
