// Directories in which a confined program lives or lived: it may have made them as deep, as wide
// and as closed as it could. Counted and removed with a few open files and without recursion, for
// as long at a time as the caller has.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <dirent.h>
#include <sys/types.h>

#include "platform/files/descriptor.h"

namespace molecule::sandbox {

using Until = std::chrono::steady_clock::time_point;

// Removes a directory with all that is in it, whatever its owner did to keep that from happening.
// Follows no links. False when something is left, which the next call goes on with.
bool remove_tree(const std::filesystem::path& directory, Until until = Until::max());
// Works on it for so long at most.
bool remove_tree(const std::filesystem::path& directory, std::chrono::nanoseconds turn);
// The same of what an open directory has under a name, whatever that is.
bool remove_entry(int directory, const std::string& name);

struct Usage {
  std::uint64_t bytes = 0;   // Of disk.
  std::uint64_t files = 0;   // Directories and whatever else has a name.
  std::uint64_t closed = 0;  // Directories that cannot be looked into.
  bool too_deep = false;     // Something lies deeper than is counted.
};

// What is below some directories, while others go on changing it. Links are not followed.
class TreeCount {
 public:
  // Deeper than programs go, which name files by paths of 4096 bytes.
  static constexpr std::size_t depth_max = 1000;

  explicit TreeCount(std::vector<std::filesystem::path> directories);

  // Goes on with it; true once all is counted.
  bool go_on(Until until);
  const Usage& usage() const { return usage_; }

 private:
  struct Level {
    std::string name;
    dev_t device = 0;
    ino_t number = 0;
    std::vector<std::string> below;  // Directories that are still to be entered.
  };
  struct Close {
    void operator()(DIR* entries) const { ::closedir(entries); }
  };
  bool stand_in(files::Descriptor directory);
  void begin();
  void read_some();
  void enter(std::string name);
  void leave();

  std::deque<std::filesystem::path> waiting_;
  files::Descriptor top_;
  std::vector<Level> levels_;  // From the top to where it stands.
  std::unique_ptr<DIR, Close> here_;
  bool reading_ = false;
  Usage usage_;
};

// Bytes of disk that all below takes; more than any disk has, when it is too deep to be counted.
std::uint64_t bytes_below(const std::filesystem::path& directory);

}  // namespace molecule::sandbox
