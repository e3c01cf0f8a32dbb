// What standard output is: a terminal of some width, or a pipe that takes everything as it is.
#pragma once

#include <optional>

#include "platform/text/terminal.h"

namespace molecule::cli {

enum class Tone { plain, good, worth_a_look, bad, quiet, title };

struct Screen {
  std::optional<int> columns;  // None: nothing has to fit.
  std::optional<int> rows;
  bool colours = false;
  text::Drawn drawn = text::Drawn::utf8;

  bool is_terminal() const { return columns.has_value(); }
  // The text in a tone, where there are colours.
  std::string in(Tone tone, std::string_view text) const;
  // Text of strangers, made harmless, and drawn as can be drawn here.
  std::string line(std::string_view text) const { return text::on_one_line(text, drawn); }
  std::string lines(std::string_view text) const { return text::on_lines(text, drawn); }
};

// Of standard output, and of standard error.
Screen screen_of(int descriptor);

}  // namespace molecule::cli
