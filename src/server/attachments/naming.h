// What a file that came from anywhere is called, and what it is: told by its bytes before anybody's
// word.
#pragma once

#include <string>
#include <string_view>

namespace molecule::attachments {

// The last part of a path of either kind, with what is no letter, digit, dot, dash or underscore
// replaced, at most 100 characters, its extension kept. Never empty, never a path.
std::string safe_name(std::string_view sent);

inline constexpr std::size_t beginning_max = 512;  // Bytes that tell a type.

// `declared` counts only where the bytes do not tell otherwise.
std::string media_type_of(std::string_view beginning, std::string_view name,
                          std::string_view declared);

}  // namespace molecule::attachments
