#include "cli/screen.h"

#include "platform/process/environment.h"
#include "platform/process/terminal.h"

namespace molecule::cli {
namespace {

std::string_view colour_of(Tone tone) {
  switch (tone) {
    case Tone::plain: return {};
    case Tone::good: return "\x1b[32m";
    case Tone::worth_a_look: return "\x1b[33m";
    case Tone::bad: return "\x1b[31m";
    case Tone::quiet: return "\x1b[2m";
    case Tone::title: return "\x1b[1m";
  }
  return {};
}

}  // namespace

std::string Screen::in(Tone tone, std::string_view text) const {
  const std::string_view colour = colours ? colour_of(tone) : std::string_view();
  if (colour.empty()) return std::string(text);
  return std::string(colour).append(text).append("\x1b[0m");
}

Screen screen_of(int descriptor) {
  Screen screen;
  if (const auto size = process::terminal_size(descriptor)) {
    screen.columns = size->columns;
    screen.rows = size->rows;
    if (!process::locale_is_utf8()) screen.drawn = text::Drawn::ascii;
  }
  screen.colours = process::shows_colours(descriptor);
  return screen;
}

}  // namespace molecule::cli
