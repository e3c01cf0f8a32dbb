// Reading and writing whole files, and what must hold of those that only this user may read. All of
// it blocks: start-up, admin verbs and files of a few kilobytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/fault.h"
#include "platform/files/descriptor.h"

namespace molecule::files {

// The codes of the Faults that a kind of file brings.
struct Codes {
  std::string_view unreadable = "internal";  // Kind internal: the system refused.
  std::string_view unsafe = "file_unsafe";   // Kind conflict: others may have read or changed it.
};

// What the system has just refused, in words; `doing` is such as "open it".
Fault refused(const Codes& codes, const std::filesystem::path& path, std::string_view doing);

// The whole plain file, at most `max` bytes; nullopt when it does not exist. Throws Fault
// otherwise.
std::optional<std::string> read(const std::filesystem::path& file, std::size_t max = 1u << 20);
// As read(), for what a person at this machine names: a pipe's end is waited for.
std::optional<std::string> read_to_end(const std::filesystem::path& file,
                                       std::size_t max = 1u << 20);

// The bytes of a file that must be private: no link, plain, of this user, for nobody else to read.
// As many as there are or fit; the caller, who may have to wipe them, brings the room.
std::size_t read_private(const std::filesystem::path& file, std::span<char> into,
                         const Codes& codes);

// Replaces the file or makes it: private, whole or not at all, and on the disk when it returns.
void write_private(const std::filesystem::path& file, std::string_view text,
                   const Codes& codes = {});

void write_all(int descriptor, std::string_view text, const std::filesystem::path& path,
               const Codes& codes);

// A file with a credential in it, which is made this user's alone where others could read or change
// it. Links are followed.
enum class Tightened {
  was_private,  // Also: it is not there.
  is_now,
  cannot_be,  // The system does not let this user.
  of_another  // It belongs to somebody else, and the rest of the world may read it.
};
Tightened tighten(const std::filesystem::path& file);

// The directory that a file lies in.
std::filesystem::path folder_of(const std::filesystem::path& file);
Descriptor open_folder(const std::filesystem::path& folder, const Codes& codes);
// Throws Fault `unsafe` unless it is this user's with mode 0700.
void require_private(const Descriptor& folder, const std::filesystem::path& path,
                     const Codes& codes);

// Makes the directory (and its parents) with mode 0700, or tightens it. Throws Fault when it
// belongs to somebody else or cannot be made.
void make_private_directory(const std::filesystem::path& directory);

}  // namespace molecule::files
