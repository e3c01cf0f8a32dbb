// What others said, as it may stand before a model.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace molecule::mcp {

// A name of others as it may stand in a line: without controls, markup and what turns the direction
// of writing; at most 64 characters.
std::string harmless(std::string_view name);

// What somebody else said, as it may stand in a turn of its own: nothing in it ends that turn or
// begins another, and nothing is hidden.
std::string contained(std::string_view said);
// A JSON text in which what is not seen is told by its number.
std::string shown_unseen(std::string_view json);
// Contained, and beside lines of ours: one that begins as any of these does, however it is written
// and whatever stands before it that is no letter, is marked as somebody's own words.
std::string apart(std::string_view said, std::span<const std::string_view> ours);
// The same between marks that say so, with a number that whoever said it cannot have known.
std::string quoted(std::string_view who, std::string_view said, std::uint64_t number);

}  // namespace molecule::mcp
