// Files and folders of this machine that nobody else is to see, whatever a model asks for.
#pragma once

#include <filesystem>
#include <vector>

#include <sys/stat.h>

namespace molecule::mcp {

class PrivatePlaces {
 public:
  // What the environment names as credentials, the folders in which this program, the SDK and the
  // agents' programs keep them by default, and `state`.
  explicit PrivatePlaces(const std::filesystem::path& state);

  // Whether an open file is one of them, by whichever name it was opened: `path` is where it lies.
  bool hold(const std::filesystem::path& path, const struct stat& file) const;

 private:
  void add(const std::filesystem::path& place);

  std::vector<std::filesystem::path> folders_;
  std::vector<std::filesystem::path> files_;
};

}  // namespace molecule::mcp
