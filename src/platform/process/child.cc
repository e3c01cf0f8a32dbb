#include "platform/process/child.h"

#include <array>
#include <csignal>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"

namespace molecule::process {
namespace {

Fault not_started(const std::string& program, int error) {
  return {Kind::internal, "not_started",
          fmt::format("{} cannot be started: {}", program, std::strerror(error))};
}

std::vector<std::string> environment_of(const Program& program) {
  std::map<std::string, std::string> all;
  for (char** each = environ; program.inherits && each && *each; ++each) {
    const std::string entry = *each;
    const std::size_t at = entry.find('=');
    if (at != std::string::npos) all[entry.substr(0, at)] = entry.substr(at + 1);
  }
  for (const auto& [name, value] : program.environment) all[name] = value;
  std::vector<std::string> lines;
  lines.reserve(all.size());
  for (const auto& [name, value] : all) lines.push_back(fmt::format("{}={}", name, value));
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// A file in memory: it can be opened again as /dev/stdin, and nobody has to be waited for.
files::Descriptor file_with(std::string_view text, const std::string& program) {
  files::Descriptor file(::memfd_create("stdin", MFD_CLOEXEC));
  if (!file.open()) throw not_started(program, errno);
  while (!text.empty()) {
    const ssize_t written = ::write(file.get(), text.data(), text.size());
    if (written < 0 && errno != EINTR) throw not_started(program, errno);
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

struct Pipe {
  explicit Pipe(const std::string& program) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw not_started(program, errno);
    reads = files::Descriptor(ends[0]);
    writes = files::Descriptor(ends[1]);
  }
  files::Descriptor reads, writes;
};

// Those that a Child waits for: nobody else may.
struct Known {
  std::mutex mutex;
  std::set<pid_t> pids;
};
Known& known() {
  static Known all;
  return all;
}

// Whose end is ours waits for nothing.
files::Descriptor ours(files::Descriptor& end) {
  ::fcntl(end.get(), F_SETFL, O_NONBLOCK);
  return std::move(end);
}

}  // namespace

Child::Child(const Program& program) {
  const std::string& name = program.arguments.front();
  files::Descriptor stdin_of, errors_of;
  if (program.talks) {
    Pipe pipe(name);
    input_ = ours(pipe.writes);
    stdin_of = std::move(pipe.reads);
  } else {
    stdin_of = file_with(program.input, name);
  }
  Pipe out(name);
  output_ = ours(out.reads);
  if (program.hears_errors) {
    Pipe pipe(name);
    errors_ = ours(pipe.reads);
    errors_of = std::move(pipe.writes);
  }

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, stdin_of.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, out.writes.get(), STDOUT_FILENO);
  if (errors_of.open())
    ::posix_spawn_file_actions_adddup2(&actions, errors_of.get(), STDERR_FILENO);
  if (!program.directory.empty())
    ::posix_spawn_file_actions_addchdir_np(&actions, program.directory.c_str());
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(
      &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<std::string> words = program.arguments;
  std::vector<std::string> lines = environment_of(program);
  const std::lock_guard lock(known().mutex);
  const int error = ::posix_spawnp(&pid_, name.c_str(), &actions, &attributes,
                                   pointers(words).data(), pointers(lines).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    pid_ = -1;
    throw not_started(name, error);
  }
  known().pids.insert(pid_);
}

Child::Child(const std::vector<std::string>& arguments,
             const std::vector<std::pair<std::string, std::string>>& added, std::string_view input)
    : Child(Program{.arguments = arguments, .environment = added, .input = input}) {}

Child::~Child() {
  if (pid_ < 0) return;
  // Not waited for yet, so the group is still its own.
  kill();
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
  const std::lock_guard lock(known().mutex);
  known().pids.erase(pid_);
}

bool Child::is_one(pid_t pid) {
  const std::lock_guard lock(known().mutex);
  return known().pids.contains(pid);
}

int Child::taken(files::Descriptor& end) {
  const files::Descriptor mine = std::move(end);
  end = {};
  return ::fcntl(mine.get(), F_DUPFD_CLOEXEC, 3);
}

int Child::take_end() const { return static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)); }

std::optional<int> Child::ended() const {
  siginfo_t info{};
  if (pid_ < 0) return std::nullopt;
  const auto id = static_cast<id_t>(pid_);
  if (::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid_)
    return std::nullopt;
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

void Child::terminate() noexcept {
  if (pid_ > 0) ::kill(-pid_, SIGTERM);
}

void Child::kill() noexcept {
  if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

std::string found(std::string_view program, std::string_view path) {
  const auto runs = [](const std::string& file) { return ::access(file.c_str(), X_OK) == 0; };
  if (program.find('/') != std::string_view::npos) {
    const std::string file(program);
    return runs(file) ? file : std::string();
  }
  while (!program.empty() && !path.empty()) {
    const std::size_t end = path.find(':');
    const std::string file = fmt::format("{}/{}", path.substr(0, end), program);
    if (end != 0 && runs(file)) return file;
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace molecule::process
