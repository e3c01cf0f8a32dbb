#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/sandbox/confinement.h"
#include "platform/sandbox/landlock.h"
#include "platform/sandbox/room.h"
#include "platform/sandbox/seccomp.h"

namespace molecule::sandbox {
namespace {

// In a process of its own, which is in no room afterwards: a system error, or 0.
int try_room() {
  const bool as_root = ::getuid() == 0;
  const long made =
      ::syscall(SYS_clone, room_flags(as_root) | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (made < 0) return errno;
  if (made == 0) ::_exit(0);
  while (::waitpid(static_cast<pid_t>(made), nullptr, 0) < 0 && errno == EINTR) {}
  return 0;
}

}  // namespace

Measures offered() {
  Measures found;
  const int version = landlock_version();
  if (version > 0) {
    found.applied.push_back(fmt::format("Landlock {}", version));
  } else {
    found.missing.push_back("Landlock: the kernel has none, or it is turned off");
  }
  if (const int error = try_room()) {
    found.missing.push_back(fmt::format("file tree and process numbers of its own (namespaces): {}",
                                        std::strerror(error)));
  } else {
    found.applied.push_back("file tree and process numbers of its own (namespaces)");
  }
  if (has_call_filters()) {
    found.applied.push_back("filter of system calls (seccomp)");
  } else {
    found.missing.push_back("filter of system calls (seccomp)");
  }
  return found;
}

const std::vector<std::string>& system_directories() {
  static const std::vector<std::string> all{"/usr",   "/bin",    "/sbin", "/lib", "/lib32",
                                            "/lib64", "/libx32", "/etc",  "/opt", "/nix"};
  return all;
}

}  // namespace molecule::sandbox
