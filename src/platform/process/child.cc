#include "platform/process/child.h"

#include <array>
#include <csignal>
#include <cstring>
#include <map>

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
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
             const std::vector<std::pair<std::string, std::string>>& added) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw not_started(arguments.front(), errno);
  socket_ = files::Descriptor(ends[0]);
  const files::Descriptor theirs(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  std::vector<std::string> words = arguments;
  std::vector<std::string> lines = environment_with(added);
  const int error = ::posix_spawnp(&pid_, words.front().c_str(), &actions, &attributes,
                                   pointers(words).data(), pointers(lines).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    pid_ = -1;
    throw not_started(arguments.front(), error);
  }
}

Child::~Child() {
  if (pid_ < 0 || ended()) return;
  kill();
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
}

int Child::take_socket() {
  files::Descriptor taken = std::move(socket_);
  const int fd = ::fcntl(taken.get(), F_DUPFD_CLOEXEC, 3);
  return fd;
}

std::optional<int> Child::ended() {
  if (status_ || pid_ < 0) return status_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_)
    status_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return status_;
}

void Child::kill() noexcept {
  if (pid_ > 0 && !status_) ::kill(-pid_, SIGKILL);
}

}  // namespace molecule::process
