// `molecule top`: an organisation in a terminal, as its operator sees it.
#pragma once

#include <functional>
#include <string>

#include "client/credential.h"
#include "platform/io/clock.h"

namespace molecule::tui {

struct Options {
  std::string url;      // Where the platform answers.
  std::string ca_file;  // Certificates to trust besides the machine's.
  client::Credential as;
  std::function<void()> look;  // What client::Platform::look_at_connections takes.
  bool mouse = false;
  bool colours = true;
};

// Until somebody quits or the terminal is gone. The terminal is as it was afterwards. Throws Fault
// bad_request `no_terminal` and `url_invalid`; a platform that is away is waited for.
void run(Options options, const io::Clock& clock, io::Random& random);

}  // namespace molecule::tui
