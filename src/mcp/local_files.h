// Files that messages name, brought to this machine: each in a directory of its own below the
// inbox, under a name that leads nowhere else, for this user alone.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "mcp/platforms.h"
#include "platform/json/json.h"

namespace molecule::mcp {

// A file as a message names it.
struct NamedFile {
  std::string uri, name, media_type;
};
// Of an item of the inbox (Item::files), or of tool arguments.
std::vector<NamedFile> named_files(json::Node list);
// What clients call it: image, audio, video, or file.
std::string_view kind_of(std::string_view media_type);

struct LocalFile {
  NamedFile file;
  std::filesystem::path path;  // Empty: it is not here, because of the trouble.
  std::string trouble;
};

class LocalFiles {
 public:
  static constexpr std::size_t file_max = 50u << 20;   // Bytes of one.
  static constexpr std::size_t all_max = 1024u << 20;  // Of all; the oldest go first.
  static constexpr std::size_t at_once = 10;           // Files of a message.

  LocalFiles(Platforms& platforms, std::filesystem::path state)
      : platforms_(platforms), inbox_(std::move(state) / "inbox") {}

  // Brings the first at_once that are not here yet, and leaves the others out. One that cannot be
  // had keeps no other back. Throws Fault cancelled alone.
  io::Task<std::vector<LocalFile>> bring(client::Credential& as, std::vector<NamedFile> files,
                                         std::chrono::milliseconds each_within);

  // Whether a path of this machine is one of them.
  static bool is_one(const std::filesystem::path& path, const std::filesystem::path& state);

 private:
  io::Task<std::filesystem::path> fetch(client::Credential& as, const NamedFile& file,
                                        std::chrono::milliseconds limit);
  void make_room(std::size_t bytes) const;

  Platforms& platforms_;
  const std::filesystem::path inbox_;
};

}  // namespace molecule::mcp
