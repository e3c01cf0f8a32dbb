#include "platform/sandbox/confined.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/files/descriptor.h"
#include "platform/sandbox/landlock.h"
#include "platform/sandbox/seccomp.h"

namespace molecule::sandbox {
namespace {

constexpr int not_started = 127;

// 4294967296 is 4 GiB to people.
std::string shown(rlim_t limit) {
  constexpr rlim_t mebi = 1u << 20, gibi = 1u << 30;
  if (limit >= gibi && limit % gibi == 0) return fmt::format("{} GiB", limit / gibi);
  if (limit >= mebi && limit % mebi == 0) return fmt::format("{} MiB", limit / mebi);
  return fmt::format("{}", limit);
}

void limit(int resource, std::int64_t most, const char* name, const Report& report) {
  if (most <= 0) return;
  rlimit wanted{};
  if (::getrlimit(static_cast<__rlimit_resource_t>(resource), &wanted) != 0)
    return report.missing(fmt::format("limit of {}: {}", name, std::strerror(errno)));
  // An ordinary user may only go down.
  wanted.rlim_max = std::min<rlim_t>(wanted.rlim_max, static_cast<rlim_t>(most));
  wanted.rlim_cur = wanted.rlim_max;
  if (::setrlimit(static_cast<__rlimit_resource_t>(resource), &wanted) != 0)
    return report.missing(fmt::format("limit of {}: {}", name, std::strerror(errno)));
  report.applied(fmt::format("{} {}", name, shown(wanted.rlim_max)));
}

void set_limits(const Limits& limits, const Report& report) {
  limit(RLIMIT_DATA, limits.memory, "memory of a process", report);
  limit(RLIMIT_NOFILE, limits.open_files, "open files", report);
  limit(RLIMIT_FSIZE, limits.file_size, "size of a file", report);
  rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  // When memory runs out it goes first.
  const files::Descriptor score(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score.open() && ::write(score.get(), "500", 3) != 3)
    report.missing("first to go when memory runs out");
}

// The kernel counts processes by user, and not at all for root: so this only holds where the
// program is a user of its own, or counted in a room of its own.
void limit_processes(const Confinement& confinement, bool in_room, const Report& report) {
  if (confinement.limits.processes <= 0) return;
  if (::getuid() == 0)
    return report.missing("limit of processes: the kernel sets none to root; run as another user");
  if (!in_room)
    return report.missing(
        "limit of processes: it would count all that this user runs; needs user namespaces");
  limit(RLIMIT_NPROC, confinement.limits.processes, "processes", report);
}

void become_user(std::int64_t wanted, bool in_room, const Report& report) {
  if (::getuid() != 0) return;
  // Another user could not even reach its own directories among those of this one.
  if (wanted == 0 || !in_room)
    return report.missing("user of its own: it runs as root without capabilities");
  const auto user = static_cast<uid_t>(wanted);
  const auto group = static_cast<gid_t>(wanted);
  if (::setgroups(0, nullptr) != 0 || ::setresgid(group, group, group) != 0 ||
      ::setresuid(user, user, user) != 0)
    report.give_up(fmt::format("cannot become user {}: {}", user, std::strerror(errno)));
  report.applied(fmt::format("user {} of its own", user));
}

// None can be had again. While the process may still do so.
void close_capabilities() {
  for (int each = 0; ::prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; ++each)
    ::prctl(PR_CAPBSET_DROP, each, 0, 0, 0);
}

// Whoever was let into rooms of the kernel's, or is root, is let do nothing else with that.
void drop_capabilities(const Report& report) {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  if (::syscall(SYS_capset, &head, none) != 0)
    report.give_up(fmt::format("cannot give up capabilities: {}", std::strerror(errno)));
  report.applied("no capabilities");
}

void hold_to_grants(const Program& program, bool in_room, const Report& report) {
  Confinement confinement = program.confinement;
  confinement.readable.push_back(program.arguments.front());
  // In a tree of its own a path leads where it led when the tree was made.
  for (const SeenDirectory& each : confinement.seen) {
    struct stat what{};
    if (::stat(each.path.c_str(), &what) != 0 || what.st_dev != each.device ||
        what.st_ino != each.inode)
      report.give_up(each.path + " is another directory than the one that was looked at");
  }
  const int version = landlock_version();
  const int error = landlock(confinement, in_room ? "/tmp" : confinement.temporary);
  if (error != 0) {
    const std::string why = fmt::format("Landlock: {}", std::strerror(error));
    // Nothing else keeps it off the files of others.
    if (!in_room) report.give_up(why + "; and no file tree of its own could be had");
    return report.missing(why);
  }
  report.applied(fmt::format("Landlock {}", version));
  if (version < 6 && !in_room)
    report.missing("signals are not kept in: needs Landlock 6 (Linux 6.12) or namespaces");
  if (version < 4 && (!confinement.ports.empty() || confinement.closed_port != 0))
    report.missing("ports are not kept in: needs Landlock 4 (Linux 6.7)");
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

}  // namespace

void Report::say(char sign, const std::string& text) const {
  const std::string line = fmt::format("{}{}\n", sign, text);
  if (::write(descriptor_, line.data(), line.size()) < 0) return;
}

void Report::give_up(const std::string& why) const {
  say('!', why);
  ::_exit(not_started);
}

void become(const Program& program, bool in_room, const Report& report) {
  const Confinement& confinement = program.confinement;
  ::setsid();
  // A terminal that it is given is its own: what is typed there can interrupt it.
  if (::isatty(STDIN_FILENO)) ::ioctl(STDIN_FILENO, TIOCSCTTY, 0);
  ::umask(077);
  set_limits(confinement.limits, report);
  close_capabilities();
  become_user(confinement.user, in_room, report);
  limit_processes(confinement, in_room, report);
  drop_capabilities(report);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    report.give_up(fmt::format("no_new_privs: {}", std::strerror(errno)));
  report.applied("no new privileges");
  // Lost with the change of user. Whoever keeps it takes it along.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::chdir(program.directory.c_str()) != 0)
    report.give_up(fmt::format("{}: {}", program.directory, std::strerror(errno)));
  std::vector<char*> arguments = pointers(program.arguments);
  std::vector<std::string> environment = program.environment;
  if (!in_room && !confinement.temporary.empty())
    environment.push_back("TMPDIR=" + confinement.temporary);
  std::vector<char*> variables = pointers(environment);
  hold_to_grants(program, in_room, report);
  if (const int error = filter_calls()) {
    report.missing(fmt::format("filter of system calls: {}", std::strerror(error)));
  } else {
    report.applied("filter of system calls");
  }
  // Whatever whoever starts it has open stays with that.
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  ::execve(arguments.front(), arguments.data(), variables.data());
  report.give_up(
      fmt::format("{} cannot be started: {}", program.arguments.front(), std::strerror(errno)));
}

}  // namespace molecule::sandbox
