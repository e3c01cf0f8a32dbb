// How much of a text a model is shown at once.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace molecule::mcp {

inline constexpr std::size_t shown_of_error = 1u << 10;      // What others say went wrong.
inline constexpr std::size_t shown_of_answer = 64u << 10;    // What a tool says.
inline constexpr std::size_t shown_of_body = 512;            // What one of many rows holds.
inline constexpr std::size_t shown_of_rows = 256u << 10;     // Many rows together.
inline constexpr std::size_t shown_of_turn = 16u << 10;      // What begins a turn.
inline constexpr std::size_t shown_of_message = 256u << 10;  // A message that was asked for.

// The text, or its beginning and a line that says how much is missing and how to get it. It is cut
// between characters.
std::string clipped(std::string_view text, std::size_t max, std::string_view how_to_get_it = {});

// How many of the first `max` bytes of a text are whole characters.
std::size_t whole_characters(std::string_view text, std::size_t max);

}  // namespace molecule::mcp
