#include "platform/files/file_lock.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>

#include "platform/files/files.h"

namespace molecule::files {

FileLock::FileLock(const std::filesystem::path& file)
    : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
  if (!file_.open()) throw refused({}, file, "open it");
  while (::flock(file_.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw refused({}, file, "lock it");
  }
}

}  // namespace molecule::files
