// A directory in which a program lives that is not trusted, and its files by their paths below it.
// Whoever lives there may put anything in the place of anything at any moment, so each step of a
// path is opened from the one before and no link is followed, wherever it stands; what is no plain
// file is never opened. All of it blocks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "platform/files/descriptor.h"
#include "platform/files/fresh_file.h"

namespace molecule::files {

class Beneath {
 public:
  static constexpr std::size_t path_max = 4096;
  static constexpr std::size_t depth_max = 64;
  static constexpr std::size_t scanned_max = 1'000'000;  // Names looked at for one page.

  // Nothing where there is no such directory.
  static std::optional<Beneath> open(const std::filesystem::path& directory);

  // Throws Fault bad_request `invalid_path` for what is empty, absolute or too long, has an empty
  // step, a NUL, or one that is "." or "..".
  static void require_path(std::string_view path);

  enum class Kind : std::uint8_t { file, directory, link, other };
  struct Entry {
    std::string path;  // Below the directory that was listed.
    Kind kind = Kind::other;
    std::uint64_t size = 0;  // Of a file.
    std::string version;
  };
  struct Page {
    std::vector<Entry> entries;  // In the order of their paths' steps, a directory before its own.
    bool more = false;
  };
  struct Wanted {
    std::string path = {};  // Empty: the directory itself.
    std::size_t depth = 1;
    std::string after = {};  // Below `path`: what stands behind it.
    std::size_t most = 1000;
    // Not listed, nor what is in it; told the path below `path` and the name.
    std::function<bool(std::string_view path, std::string_view name)> hidden = {};
  };
  // Throws Fault not_found `file_not_found`, conflict `not_a_directory` or `directory_too_large`.
  Page list(const Wanted& wanted) const;

  struct Opened {
    Descriptor file;
    std::uint64_t size = 0;
    std::string version;
  };
  // To be read. Throws Fault not_found `file_not_found`, conflict `not_a_file`.
  Opened open_file(std::string_view path) const;
  // Of the file as it is now: another whenever it was written or replaced.
  static std::string version_of(const Descriptor& file);
  static std::size_t read_at(const Descriptor& file, std::uint64_t at, char* into,
                             std::size_t most);

  // What has to be so, or Fault conflict `file_changed` or `file_exists`.
  struct Guard {
    std::optional<std::string> version = {};
    bool absent = false;
  };
  struct Placed {
    std::string version;
    bool made = false;  // It was not there before.
  };
  // Puts a file that is complete, of the same file system, in the place of what is there, with the
  // directories on the way. It belongs to `user` unless that is 0, and may be executed if what it
  // replaces might. Throws Fault as open_file() does, and conflict `file_refused`.
  Placed place(FreshFile& fresh, std::string_view path, const Guard& guard,
               std::int64_t user) const;
  static void append(FreshFile& fresh, std::string_view text);  // Throws Fault `disk_full`.

  // Takes a file or a link away. A directory that is not empty becomes `elsewhere`, a path that is
  // free on the same file system, if `whole`; else Fault conflict `directory_not_empty`.
  void remove(std::string_view path, const Guard& guard, bool whole,
              const std::filesystem::path& elsewhere) const;

 private:
  explicit Beneath(Descriptor root) : root_(std::move(root)) {}
  enum class Absent : std::uint8_t { is_refused, is_made };
  Descriptor directory(std::string_view path, Absent absent, std::int64_t user) const;

  Descriptor root_;
};

}  // namespace molecule::files
