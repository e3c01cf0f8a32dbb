#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/descriptor.h"
#include "platform/sandbox/confinement.h"

namespace molecule::sandbox {
namespace {

constexpr int steps_max = 4096;  // Up from a directory to the root.

SeenDirectory identity(int fd, std::string path) {
  struct stat what{};
  if (::fstat(fd, &what) != 0) throw internal("fstat: " + std::string(std::strerror(errno)));
  return {std::move(path), what.st_dev, what.st_ino};
}

bool same(const SeenDirectory& one, const SeenDirectory& other) {
  return one.device == other.device && one.inode == other.inode;
}

}  // namespace

SeenDirectory see_directory(const std::string& path) {
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const files::Descriptor at(
      static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof how)));
  if (!at.open()) {
    const char* why =
        errno == ELOOP ? "a link leads there: give the directory itself" : std::strerror(errno);
    throw bad_request("not_a_directory", path + " cannot be given to an agent: " + why);
  }
  return identity(at.get(), path);
}

bool lies_within(const SeenDirectory& inner, const SeenDirectory& outer) {
  files::Descriptor at(::open(inner.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  for (int step = 0; at.open() && step < steps_max; ++step) {
    const SeenDirectory here = identity(at.get(), {});
    // What is another directory by now is not known to be anywhere.
    if (step == 0 && !same(here, inner)) return true;
    if (same(here, outer)) return true;
    files::Descriptor up(::openat(at.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!up.open()) return true;
    if (same(identity(up.get(), {}), here)) return false;  // The root.
    at = std::move(up);
  }
  return true;
}

}  // namespace molecule::sandbox
