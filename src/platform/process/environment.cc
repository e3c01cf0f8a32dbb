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

namespace molecule::process {
namespace {

namespace fs = std::filesystem;

std::string cause() { return std::generic_category().message(errno); }

// Closes what it was given.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

}  // namespace

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  if (!value || !*value) return std::nullopt;
  return std::string(value);
}

std::optional<std::string> read_file(const fs::path& file, std::size_t max) {
  Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) {
    if (errno == ENOENT) return std::nullopt;
    throw internal(fmt::format("cannot read {}: {}", file.string(), cause()));
  }
  std::string text;
  char buffer[8192];
  for (;;) {
    ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw internal(fmt::format("cannot read {}: {}", file.string(), cause()));
    if (n == 0) return text;
    text.append(buffer, static_cast<std::size_t>(n));
    if (text.size() > max)
      throw internal(fmt::format("{} is larger than {} bytes", file.string(), max));
  }
}

void write_private_file(const fs::path& file, std::string_view text) {
  fs::path beside = file;
  beside += fmt::format(".{}.new", ::getpid());
  Descriptor fd(
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd.get() < 0) throw internal(fmt::format("cannot write {}: {}", beside.string(), cause()));
  while (!text.empty()) {
    ssize_t n = ::write(fd.get(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw internal(fmt::format("cannot write {}: {}", beside.string(), cause()));
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd.get()) != 0)
    throw internal(fmt::format("cannot sync {}: {}", beside.string(), cause()));
  if (::rename(beside.c_str(), file.c_str()) != 0) {
    throw internal(fmt::format("cannot replace {}: {}", file.string(), cause()));
  }
  fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) ::fsync(directory.get());
}

void make_private_directory(const fs::path& directory) {
  std::error_code error;
  if (directory.has_parent_path()) fs::create_directories(directory.parent_path(), error);
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    throw internal(fmt::format("cannot make {}: {}", directory.string(), cause()));
  }
  struct stat facts{};
  if (::stat(directory.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) {
    throw internal(fmt::format("{} is not a directory", directory.string()));
  }
  if (facts.st_uid != ::geteuid()) {
    throw internal(
        fmt::format("{} belongs to another user; choose another with --data", directory.string()));
  }
  if ((facts.st_mode & 077) != 0 && ::chmod(directory.c_str(), 0700) != 0) {
    throw internal(fmt::format("cannot restrict {} to its owner: {}", directory.string(), cause()));
  }
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
  Descriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (fd.get() < 0) throw internal(fmt::format("cannot open {}: {}", file.string(), cause()));
  if (!take_lock(fd.get())) {
    Holder holder = read_holder(fd.get());
    std::string who = holder.pid.empty() ? "" : ", pid " + holder.pid;
    if (!holder.told.empty()) who += ", at " + holder.told;
    throw Fault(
        Kind::conflict, "data_in_use",
        fmt::format("{} is used by another molecule process{}; stop it or choose another --data",
                    directory.string(), who));
  }
  descriptor_ = fd.release();
  tell({});
}

void DirectoryLock::tell(std::string_view line) {
  std::string text = fmt::format("{}\n{}\n", ::getpid(), line);
  if (::ftruncate(descriptor_, 0) == 0) {
    [[maybe_unused]] ssize_t written = ::pwrite(descriptor_, text.data(), text.size(), 0);
  }
}

std::optional<Holder> holder_of(const fs::path& directory) {
  Descriptor fd(::open((directory / "lock").c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return std::nullopt;
  if (::flock(fd.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  return read_holder(fd.get());
}

DirectoryLock::~DirectoryLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
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
