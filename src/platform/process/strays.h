// What the programs that we start leave behind. A process that leaves its group, or whose parent
// ends before it, is in no child's group any more; with adopt_strays() it becomes a child of ours
// then, and is known by the mark that its environment has had from the beginning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace molecule::process {

// The variable of a program's environment that has its mark.
inline constexpr std::string_view mark_variable = "MOLECULE_PROGRAM_MARK";

// One that no other program has that this machine runs.
std::string fresh_mark();

// From now on whatever loses its parent below this process is this one's child.
void adopt_strays() noexcept;

// `unsure`: there is one whose environment is empty, for good or because it is about to become
// another program.
enum class Strays : std::uint8_t { none, unsure, some };

// Ends at once what was left to us by the program of that mark, and forgets those of any that have
// ended by themselves; whether there were some of that mark. What they have left is ours a moment
// later: until there is nothing.
Strays end_strays(std::string_view mark);

}  // namespace molecule::process
