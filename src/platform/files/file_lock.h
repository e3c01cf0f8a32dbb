// Keeps other processes of this machine out of what a few files say together, while it lives. Waits
// for whoever holds it, so it is held for moments.
#pragma once

#include <filesystem>

#include "platform/files/descriptor.h"

namespace molecule::files {

class FileLock {
 public:
  // Makes the file, which stays. Throws Fault when the system refuses.
  explicit FileLock(const std::filesystem::path& file);

 private:
  Descriptor file_;
};

}  // namespace molecule::files
