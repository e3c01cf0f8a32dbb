// `molecule mcp --manage`: the server of an operator's assistant, on standard input and output.
#pragma once

#include "platform/io/clock.h"

namespace molecule::manage {

// What the environment needs, for help.
extern const char* const needed;

// Until its client has gone. The exit status: 0; 2 when the environment says something wrong, 3
// when the platform refuses the key.
int run(const io::Clock& clock, io::Random& random);

}  // namespace molecule::manage
