// Files that a message names. By an address that only we read: each is told by one that its agent
// can fetch, in whichever form its generation has for it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace molecule::a2a {

// What to write in the place of an address; nothing: it stays.
using FilePlace = std::function<std::optional<std::string>(std::string_view address)>;

// A send request that was read before. Only parts that are files are looked at, not what is said.
std::string with_file_places(std::string_view request, const FilePlace& place);

// A file that is named by an address; what is not said is empty.
struct FileNamed {
  std::string uri;
  std::string name;
  std::string media_type;
  std::optional<std::int64_t> size;
};
inline constexpr std::size_t files_named_max = 32;
// The files of an answer, of either generation, each once: those of its message, or of its task.
std::vector<FileNamed> files_named(std::string_view answer);

}  // namespace molecule::a2a
