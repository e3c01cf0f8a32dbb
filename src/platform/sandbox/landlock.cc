#include "platform/sandbox/landlock.h"

#include <cerrno>
#include <cstdint>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/files/descriptor.h"

namespace molecule::sandbox {
namespace {

constexpr long create_ruleset = 444;
constexpr long add_rule = 445;
constexpr long restrict_self = 446;
constexpr std::uint32_t ask_version = 1;
constexpr int rule_path = 1;
constexpr int rule_port = 2;

constexpr std::uint64_t execute = 1 << 0;
constexpr std::uint64_t write_file = 1 << 1;
constexpr std::uint64_t read_file = 1 << 2;
constexpr std::uint64_t read_dir = 1 << 3;
constexpr std::uint64_t of_first = (1 << 13) - 1;  // All that the first version knows.
constexpr std::uint64_t refer = 1 << 13;
constexpr std::uint64_t truncate_file = 1 << 14;
constexpr std::uint64_t ioctl_device = 1 << 15;
constexpr std::uint64_t bind_tcp = 1 << 0;
constexpr std::uint64_t connect_tcp = 1 << 1;
constexpr std::uint64_t scope_abstract_sockets = 1 << 0;
constexpr std::uint64_t scope_signals = 1 << 1;

constexpr std::uint64_t reading = execute | read_file | read_dir;
constexpr std::uint64_t on_files = execute | write_file | read_file | truncate_file | ioctl_device;

struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t net = 0;
  std::uint64_t scoped = 0;
};
struct [[gnu::packed]] PathRule {
  std::uint64_t access = 0;
  std::int32_t parent = -1;
};
struct PortRule {
  std::uint64_t access = 0;
  std::uint64_t port = 0;
};

// Where programs of developers are used to listen.
struct Range {
  std::uint16_t first, last;
};
constexpr Range usual_ports[] = {{3000, 3099}, {4000, 4099}, {5000, 5199}, {8000, 8999}};

Ruleset known_to(int version, const Confinement& allowed) {
  Ruleset set;
  set.files = of_first;
  if (version >= 2) set.files |= refer;
  if (version >= 3) set.files |= truncate_file;
  if (version >= 5) set.files |= ioctl_device;
  if (version >= 4 && allowed.closed_port != 0) set.net = bind_tcp;
  if (version >= 4 && !allowed.ports.empty()) set.net = bind_tcp | connect_tcp;
  if (version >= 6) set.scoped = scope_abstract_sockets | scope_signals;
  return set;
}

// What is not there is granted to nobody, which is right.
int grant(int ruleset, const std::string& path, std::uint64_t access, const Confinement& allowed) {
  const files::Descriptor at(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!at.open()) return 0;
  struct stat what{};
  if (::fstat(at.get(), &what) != 0) return errno;
  for (const SeenDirectory& seen : allowed.seen)
    if (seen.path == path && (seen.device != what.st_dev || seen.inode != what.st_ino))
      return ESTALE;
  PathRule rule;
  rule.access = S_ISDIR(what.st_mode) ? access : access & on_files;
  rule.parent = at.get();
  return ::syscall(add_rule, ruleset, rule_path, &rule, 0) == 0 ? 0 : errno;
}

}  // namespace

int landlock_version() {
  const long version = ::syscall(create_ruleset, nullptr, 0, ask_version);
  return version > 0 ? static_cast<int>(version) : 0;
}

int landlock(const Confinement& allowed, const std::string& temporary) {
  const int version = landlock_version();
  if (version == 0) return ENOSYS;
  const Ruleset set = known_to(version, allowed);
  // Kernels refuse a description that is longer than what they know only where the rest says
  // something.
  const files::Descriptor rules(static_cast<int>(::syscall(create_ruleset, &set, sizeof(set), 0)));
  if (!rules.open()) return errno;

  const std::uint64_t everything = set.files;
  int error = 0;
  const auto let = [&](const std::string& path, std::uint64_t access) {
    if (error == 0) error = grant(rules.get(), path, access & everything, allowed);
  };
  for (const std::string& path : system_directories()) let(path, reading);
  let("/proc", reading);
  for (const char* device : {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
                             "/dev/tty", "/dev/ptmx", "/dev/pts", "/dev/shm"})
    let(device, everything & ~execute);
  for (const std::string& path : allowed.readable) let(path, reading);
  for (const std::string& path : allowed.writable) let(path, everything);
  if (!temporary.empty()) let(temporary, everything);
  if (set.net != 0) {
    // A port that the kernel chooses: programs talk to their own parts over such.
    const auto open = [&](std::uint64_t port, std::uint64_t access) {
      PortRule rule;
      rule.access = access;
      rule.port = port;
      if (error == 0 && ::syscall(add_rule, rules.get(), rule_port, &rule, 0) != 0) error = errno;
    };
    open(0, bind_tcp);
    if (allowed.ports.empty()) {
      for (const Range& range : usual_ports)
        for (std::uint32_t port = range.first; port <= range.last; ++port)
          if (port != allowed.closed_port) open(port, bind_tcp);
    }
    for (const std::int64_t port : allowed.ports)
      open(static_cast<std::uint64_t>(port), connect_tcp);
  }
  if (error != 0) return error;
  return ::syscall(restrict_self, rules.get(), 0) == 0 ? 0 : errno;
}

}  // namespace molecule::sandbox
