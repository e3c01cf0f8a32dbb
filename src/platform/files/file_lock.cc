#include "platform/files/file_lock.h"

#include <cerrno>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>

#include "platform/files/files.h"

namespace molecule::files {
namespace {

constexpr std::chrono::milliseconds look_again{2};

}  // namespace

FileLock::FileLock(const std::filesystem::path& file, std::chrono::milliseconds patience)
    : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)) {
  if (!file_.open()) throw refused({}, file, "open it");
  for (auto left = patience; ::flock(file_.get(), LOCK_EX | LOCK_NB) != 0;) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) throw refused({}, file, "lock it");
    if (left <= std::chrono::milliseconds(0))
      throw Fault(Kind::unavailable, "file_locked",
                  fmt::format("another process holds {}", file.string()));
    std::this_thread::sleep_for(look_again);
    left -= look_again;
  }
}

}  // namespace molecule::files
