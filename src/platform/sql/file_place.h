// What tells a file from a copy of it that stands under the same name: where it lies and when it
// was made. Moving and renaming keep both; copying, unpacking and restoring do not.
#pragma once

#include <optional>
#include <string>

namespace molecule::sql {

// Nothing when there is no such file, or nothing to know about it.
std::optional<std::string> file_place(int descriptor);
std::optional<std::string> file_place(const std::string& path);

}  // namespace molecule::sql
