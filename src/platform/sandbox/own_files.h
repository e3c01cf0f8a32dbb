// Files in directories that belong to a confined program: whoever lives there may have put anything
// in their place, so nothing is followed and nothing is waited for.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace molecule::sandbox {

// Made with mode 0700, or opened again to its owner; belongs to `user` when that is not 0. Throws
// Fault internal.
void make_own_directory(const std::filesystem::path& directory, std::int64_t user);

// Puts a file of mode 0600 in the place of what is there. Throws Fault internal.
void put_own_file(const std::filesystem::path& directory, const std::string& name,
                  std::string_view text, std::int64_t user);

// A plain file of `most` bytes at most; nothing where there is none.
std::optional<std::string> read_own_file(const std::filesystem::path& directory,
                                         const std::string& name, std::size_t most);

}  // namespace molecule::sandbox
