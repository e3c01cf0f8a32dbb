// What others said, as it may stand before a model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace molecule::mcp {

// A name of others as it may stand in a line: without controls, markup and what turns the direction
// of writing; at most 64 characters.
std::string harmless(std::string_view name);

// What somebody else said, as it may stand in a turn of its own: nothing in it ends that turn or
// begins another, and nothing is hidden.
std::string contained(std::string_view said);
// The same between marks that say so, with a number that whoever said it cannot have known.
std::string quoted(std::string_view who, std::string_view said, std::uint64_t number);

}  // namespace molecule::mcp
