// What is said over the WebSocket of a terminal beside its bytes: texts, each one of these. Bytes
// are binary messages.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/fields.h"
#include "platform/json/shape.h"

namespace molecule::api {

struct TerminalWord {
  std::string type;
  json::Omit<std::string> command = {};
  json::Omit<bool> terminal = {};
  json::Omit<std::int64_t> cols = {};
  json::Omit<std::int64_t> rows = {};
  json::Omit<std::string> term = {};
  json::Omit<std::int64_t> window = {};
  json::Omit<std::int64_t> bytes = {};
  json::Omit<std::int64_t> status = {};
  json::Omit<std::string> reason = {};

  static constexpr std::array about{
      json::About{"type",
                  "of who sits there: start, resize, taken, end; of the platform: started, taken, "
                  "exit, error"},
      json::About{"command", "of start: a line for the shell; none: the shell itself"},
      json::About{"terminal",
                  "of start: false for three streams in place of a terminal; each "
                  "binary message begins with a byte then, 1 of output, 2 of errors"},
      json::About{"term", "of start: the kind of terminal, for TERM"},
      json::About{"window", "of start and started: bytes that may be under way without `taken`"},
      json::About{"bytes", "of taken: how many, since the beginning"},
      json::About{"status", "of exit: 128 and more for the signal that ended it"},
      json::About{"reason", "of exit and error: why it was ended, or could not begin"}};
};
BOOST_DESCRIBE_STRUCT(TerminalWord, (),
                      (type, command, terminal, cols, rows, term, window, bytes, status, reason))

// The first byte of a binary message where there is no terminal.
inline constexpr char terminal_output = 1;
inline constexpr char terminal_errors = 2;

}  // namespace molecule::api
