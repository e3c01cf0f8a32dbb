// What a program says, line by line with the time of each, in files that never grow beyond a bound:
// the oldest goes when a new one is begun. A file's name is the place of its first byte in all that
// was ever written, so a place stays what it is while files come and go.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "platform/files/descriptor.h"

namespace molecule::sandbox {

class LogFiles {
 public:
  static constexpr std::uint64_t file_max = 512u << 10;
  static constexpr std::size_t files_max = 4;
  static constexpr std::size_t line_max = 8u << 10;  // A longer one goes on in the next.
  // Lines of our own begin so. One of the program's that does, too, is written behind `quote`.
  static constexpr std::string_view own_sign = "-- ";
  static constexpr std::string_view quote = "> ";

  // Goes on behind what is there. What cannot be written is left out, since who speaks must not
  // stand still because a disk is full; how much that was stands there once it can be.
  explicit LogFiles(std::filesystem::path directory);

  // Bytes as they come from the program; a line is written once it is whole.
  void take(std::string_view bytes, Instant now);
  // A line of our own, which begins with `own_sign`.
  void note(std::string_view text, Instant now);
  // What was said of a line that did not end.
  void finish(Instant now);

 private:
  void said(Instant now);
  void line(std::string_view text, Instant now);
  bool is_ready(Instant now);
  bool begin_file(std::uint64_t at);
  bool write(std::string_view text);

  std::filesystem::path directory_;
  files::Descriptor file_;
  std::uint64_t begun_ = 0;  // Place of the file's first byte.
  std::uint64_t size_ = 0;   // Of the file.
  std::uint64_t lost_ = 0;   // Lines since the last that was written.
  Instant tries_from_;       // A file could not be begun; not tried again before.
  std::string open_;         // A line that is not whole yet.
};

struct LogPiece {
  std::string text;         // Whole lines.
  std::uint64_t begin = 0;  // Places of its first byte and of what follows it.
  std::uint64_t end = 0;
  bool lost = false;  // What was asked for is gone.
};

// The last `lines` lines, of `most` bytes at most. Nothing where there are no files.
LogPiece read_last(const std::filesystem::path& directory, std::size_t lines, std::size_t most);
// What follows `place`.
LogPiece read_from(const std::filesystem::path& directory, std::uint64_t place, std::size_t most);

}  // namespace molecule::sandbox
