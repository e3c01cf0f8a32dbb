// What the platform keeps with a message, in `params.metadata`: it may wait long, and an agent that
// fetches it reads no headers.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace molecule::a2a {

// The extensions that its sender wants, as the header says them; under this name.
inline constexpr std::string_view extensions_member = "a2a_extensions";
inline constexpr std::size_t extensions_max = 2048;
// Whether it may stand in a header: visible characters and spaces.
bool may_be_extensions(std::string_view value);
// The same request with them.
std::string extended(std::string_view request, std::string_view extensions);
// Empty when there are none.
std::string extensions_in(std::string_view request);

}  // namespace molecule::a2a
