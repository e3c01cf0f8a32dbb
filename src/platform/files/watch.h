// Whether something changes in a directory and below it. What begins with a dot is not looked at:
// programs keep their own things there, and editors what they are about to move into its place.
#pragma once

#include <filesystem>
#include <map>

#include "platform/files/descriptor.h"

namespace molecule::files {

class Watch {
 public:
  static constexpr int depth_max = 8;
  static constexpr std::size_t directories_max = 1000;

  // Throws Fault internal when the system watches no more.
  explicit Watch(std::filesystem::path directory);

  // Becomes readable when something has changed; non-blocking. A copy is the caller's to close.
  int copy() const;
  // Takes what has been told; whether it is of interest. Directories that have come are watched
  // from then on.
  bool changed();

 private:
  void add(const std::filesystem::path& directory, int depth);

  struct Place {
    std::filesystem::path path;
    int depth = 0;
  };
  Descriptor descriptor_;
  std::map<int, Place> places_;
};

}  // namespace molecule::files
