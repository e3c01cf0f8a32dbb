// Lines of a program that speaks stream-json, as far as a turn needs them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace molecule::agent {

struct StreamJsonLine {
  enum class Kind : std::uint8_t {
    other,
    session,   // It names its session: `id`.
    block,     // A new block of text begins.
    text,      // A piece of text: `text`.
    tool,      // A tool is used: its name in `text`.
    question,  // May a tool be used? Answered under `id`, with `input` as it came.
    echo,      // It has taken our message up: `id`.
    result,    // The end of a turn.
  };
  Kind kind = Kind::other;
  std::string text;
  std::string id;
  std::string input;    // JSON.
  bool failed = false;  // Of a result.
  int status = 0;       // The provider's, of a failed result; 0: it had none.
  std::string subtype;
};

// Whatever it is that was printed: what makes no sense is `other`.
StreamJsonLine read_stream_json(std::string_view line);

}  // namespace molecule::agent
