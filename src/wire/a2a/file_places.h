// Files that a message names by an address that only we read: each is told by one that its agent
// can fetch, in whichever form its generation has for it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace molecule::a2a {

// What to write in the place of an address; nothing: it stays.
using FilePlace = std::function<std::optional<std::string>(std::string_view address)>;

// A send request that was read before. Only parts that are files are looked at, not what is said.
std::string with_file_places(std::string_view request, const FilePlace& place);

}  // namespace molecule::a2a
