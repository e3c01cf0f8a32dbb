#include "platform/process/child.h"

#include <array>
#include <csignal>
#include <cstring>
#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"

namespace molecule::process {
namespace {

Fault not_started(const std::string& program, int error) {
  return {Kind::internal, "not_started",
          fmt::format("{} cannot be started: {}", program, std::strerror(error))};
}

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& added) {
  std::map<std::string, std::string> all;
  for (char** each = environ; each && *each; ++each) {
    const std::string entry = *each;
    const std::size_t at = entry.find('=');
    if (at != std::string::npos) all[entry.substr(0, at)] = entry.substr(at + 1);
  }
  for (const auto& [name, value] : added) all[name] = value;
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

}  // namespace

Child::Child(const std::vector<std::string>& arguments,
             const std::vector<std::pair<std::string, std::string>>& added,
             std::string_view input) {
  const std::string& program = arguments.front();
  // A file in memory: it can be opened again as /dev/stdin, and nobody has to be waited for.
  const files::Descriptor given(::memfd_create("stdin", MFD_CLOEXEC));
  if (!given.open()) throw not_started(program, errno);
  while (!input.empty()) {
    const ssize_t written = ::write(given.get(), input.data(), input.size());
    if (written < 0 && errno != EINTR) throw not_started(program, errno);
    if (written > 0) input.remove_prefix(static_cast<std::size_t>(written));
  }
  ::lseek(given.get(), 0, SEEK_SET);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw not_started(program, errno);
  output_ = files::Descriptor(ends[0]);
  const files::Descriptor theirs(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, given.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
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
  std::vector<std::string> words = arguments;
  std::vector<std::string> lines = environment_with(added);
  const int error = ::posix_spawnp(&pid_, program.c_str(), &actions, &attributes,
                                   pointers(words).data(), pointers(lines).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    pid_ = -1;
    throw not_started(program, error);
  }
}

Child::~Child() {
  if (pid_ < 0) return;
  // Not waited for yet, so the group is still its own.
  kill();
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
}

int Child::take_output() {
  const files::Descriptor taken = std::move(output_);
  return ::fcntl(taken.get(), F_DUPFD_CLOEXEC, 3);
}

std::optional<int> Child::ended() const {
  siginfo_t info{};
  if (pid_ < 0) return std::nullopt;
  const auto id = static_cast<id_t>(pid_);
  if (::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid_)
    return std::nullopt;
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

void Child::kill() noexcept {
  if (pid_ > 0) ::kill(-pid_, SIGKILL);
}

}  // namespace molecule::process
