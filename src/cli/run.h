// Running a verb: its session, its loop, and what its failure means at a prompt.
#pragma once

#include "cli/program.h"
#include "cli/verb.h"
#include "platform/io/clock.h"

namespace molecule::cli {

// The exit status that the verb ends with. Throws Fault, its text with what to do next, and ready
// for a terminal.
int run(const Verb& verb, const Given& given, const Program& program, const io::Clock& clock,
        io::Random& random);

}  // namespace molecule::cli
