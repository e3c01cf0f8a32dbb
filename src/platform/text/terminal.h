// Text of strangers as a terminal may be sent it: nothing in it moves the cursor, changes colours,
// turns the direction of writing or hides what stands beside it, and how many columns it takes is
// known.
#pragma once

#include <string>
#include <string_view>

namespace molecule::text {

// What a terminal draws. Where it is ASCII, every column of something else is a question mark.
enum class Drawn { utf8, ascii };

// One line: line ends and tabs become blanks; other control characters a picture of themselves
// ("␛"), what is not seen its number ("<U+202E>"), what is no UTF-8 a replacement.
std::string on_one_line(std::string_view text, Drawn drawn = Drawn::utf8);
// As on_one_line for each line; line ends stay, tabs become four blanks.
std::string on_lines(std::string_view text, Drawn drawn = Drawn::utf8);

// Columns that a line takes which one of the above has made.
int columns_of(std::string_view line);

// Which side of a line is given up when it is too long.
enum class Cut { end, beginning };
// The line in at most `columns`, with a mark where something was cut ("…", "~" in ASCII). Never
// cuts a character from its marks, so it may be a column shorter.
std::string fitted(std::string_view line, int columns, Cut cut = Cut::end,
                   Drawn drawn = Drawn::utf8);
// The longest beginning of a line that takes at most `columns`, in bytes.
std::size_t prefix_within(std::string_view line, int columns);

}  // namespace molecule::text
