#include "platform/process/environment.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/descriptor.h"

namespace molecule::process {
namespace {

namespace fs = std::filesystem;

std::string cause() { return std::generic_category().message(errno); }

}  // namespace

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (!value || !*value) return std::nullopt;
  return std::string(value);
}

fs::path default_data_directory() {
  if (auto named = environment("MOLECULE_DATA_DIR")) return *named;
  if (auto data = environment("XDG_DATA_HOME")) return fs::path(*data) / "molecule";
  if (auto home = environment("HOME")) return fs::path(*home) / ".local/share/molecule";
  return "/var/lib/molecule";
}

namespace {

// holder_of() holds the lock for the moment it looks; a process that starts then tries again.
constexpr int lock_tries = 20;
constexpr useconds_t lock_pause = 5'000;

bool take_lock(int fd) {
  for (int tries = 1;; ++tries) {
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return true;
    if (tries == lock_tries) return false;
    ::usleep(lock_pause);
  }
}

Holder read_holder(int fd) {
  char bytes[1024] = {};
  ssize_t n = ::pread(fd, bytes, sizeof bytes, 0);
  std::string_view text(bytes, n > 0 ? static_cast<std::size_t>(n) : 0);
  Holder holder;
  std::size_t end = text.find('\n');
  holder.pid = text.substr(0, end);
  if (end != text.npos) {
    text.remove_prefix(end + 1);
    holder.told = text.substr(0, text.find('\n'));
  }
  return holder;
}

}  // namespace

DirectoryLock::DirectoryLock(const fs::path& directory) {
  fs::path file = directory / "lock";
  files::Descriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.open()) throw internal(fmt::format("cannot open {}: {}", file.string(), cause()));
  if (!take_lock(fd.get())) {
    Holder holder = read_holder(fd.get());
    std::string who = holder.pid.empty() ? "" : ", pid " + holder.pid;
    if (!holder.told.empty()) who += ", at " + holder.told;
    throw Fault(
        Kind::conflict, "data_in_use",
        fmt::format("{} is used by another molecule process{}; stop it or choose another directory",
                    directory.string(), who));
  }
  file_ = std::move(fd);
  tell({});
}

void DirectoryLock::tell(std::string_view line) {
  std::string text = fmt::format("{}\n{}\n", ::getpid(), line);
  if (::ftruncate(file_.get(), 0) == 0) {
    [[maybe_unused]] ssize_t written = ::pwrite(file_.get(), text.data(), text.size(), 0);
  }
}

std::optional<Holder> holder_of(const fs::path& directory) {
  files::Descriptor fd(::open((directory / "lock").c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.open()) return std::nullopt;
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  return read_holder(fd.get());
}

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

bool shows_colours(int descriptor) {
  return is_terminal(descriptor) && !environment("NO_COLOR") && environment("TERM") != "dumb";
}

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

int processor_count() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return 1;
}

void raise_file_limit() {
  struct rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace molecule::process
