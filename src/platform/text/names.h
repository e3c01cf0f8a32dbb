// What people may be shown as a name. A name that looks like another one, or like nothing, lets
// whoever chose it pass for somebody else.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace molecule::text {

// Marks on one letter, as many as any language stacks.
inline constexpr int marks_max = 6;

// Normal form C: one spelling for what looks the same ("é" as one character, not two). Text that is
// no UTF-8 stays as it is; the checks below refuse it.
std::string normal_form(std::string_view text);

// What is wrong with a line that people read (a role, a label), as the rest of a sentence; nothing
// when it may be shown. Refused are control characters, line ends, changes of the writing
// direction, what is not seen, and code points that mean nothing. Joiners pass where they belong:
// in emoji and between letters of scripts that write with them.
std::optional<std::string> flaw_of_line(std::string_view text);

// As a line; besides, something of it must be seen, words are parted by one plain space each, and
// nothing stands before or behind. Empty text is flawed too.
std::optional<std::string> flaw_of_name(std::string_view text);

// Two names that share one of these look like each other. The first is for names written in
// another case, the second for capital letters that look like small ones of another kind.
std::array<std::string, 2> skeletons(std::string_view name);
bool look_alike(std::string_view one, std::string_view other);

}  // namespace molecule::text
