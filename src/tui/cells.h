// Text as the cells of a full screen: what each character takes, and nothing that does more than
// take its cells. What terminals draw in different widths (joined emoji, flags, tones of skin) is
// taken apart, since a column that is wrong once is wrong to the end of its line; what moves the
// cursor, turns the writing or cannot be seen is replaced or left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace molecule::tui {

// A character with its marks, and how many cells it takes: 1 or 2.
struct Glyph {
  std::string text;
  int width = 1;
};

// Of one line: line ends and tabs are blanks, other control characters their pictures ("␛").
std::vector<Glyph> glyphs(std::string_view text);
int width_of(std::string_view text);
// In at most `width` cells, with a mark where something was cut.
std::string cut(std::string_view text, int width);
// A text of several lines, broken at blanks where that is possible. At least one line; at most
// `lines_max`, then the last one says that there is more.
std::vector<std::string> wrapped(std::string_view text, int width, std::size_t lines_max = 10'000);

}  // namespace molecule::tui
