// Keeps other processes of this machine out of what a few files say together, while it lives.
#pragma once

#include <chrono>
#include <filesystem>

#include "platform/files/descriptor.h"

namespace molecule::files {

class FileLock {
 public:
  // Makes the file, which stays. Whoever holds it holds it for moments; blocks for `patience` at
  // most. Throws Fault unavailable `file_locked` after that, or when the system refuses.
  FileLock(const std::filesystem::path& file, std::chrono::milliseconds patience);

 private:
  Descriptor file_;
};

}  // namespace molecule::files
