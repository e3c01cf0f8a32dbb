// The operator's verbs on the command line: words into what the tables of cli/ say, and no more.
#pragma once

#include "app/verbs.h"

namespace molecule::app {

// Behind all others, since some stand below a verb that is there already.
void add_client_verbs(CLI::App& cli, Arguments& arguments);
// Which platform is asked, and with what: into arguments.given.
void add_platform_options(CLI::App& verb, Arguments& arguments);

}  // namespace molecule::app
