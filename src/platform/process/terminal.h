// The terminal that this process talks to, when there is one.
#pragma once

#include <optional>
#include <string>

#include "base/secret.h"

namespace molecule::process {

struct TerminalSize {
  int columns = 80;
  int rows = 24;
};
// Of the terminal at a descriptor; nullopt where there is none. A terminal that does not say is as
// COLUMNS and LINES have it, else 80 by 24.
std::optional<TerminalSize> terminal_size(int descriptor);

// Whether the locale says that text is UTF-8 (LC_ALL, LC_CTYPE, LANG, the first that is set).
bool locale_is_utf8();

// Asks on the terminal and reads a line that is not shown as it is typed; nullopt where there is no
// terminal to ask on or its user ended the input.
std::optional<Secret> ask_secret(const std::string& question);
// Asks on the terminal and reads one line; nullopt as above.
std::optional<std::string> ask_line(const std::string& question);

}  // namespace molecule::process
