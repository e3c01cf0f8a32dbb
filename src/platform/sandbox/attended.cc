#include "platform/sandbox/attended.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/json/json.h"

namespace molecule::sandbox {
namespace {

constexpr const char* this_program = "/proc/self/exe";
constexpr long pidfd_send_signal = 424;
constexpr long pidfd_open = 434;

Fault not_started(std::string_view step, int error) {
  return {Kind::internal, "not_started",
          fmt::format("no attendant can be started: {}: {}", step, std::strerror(error))};
}

}  // namespace

void append_frame(std::string& out, LinkFrame::Kind kind, std::string_view bytes) {
  out += static_cast<char>(kind);
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(bytes.size() >> static_cast<unsigned>(shift) & 0xff);
  out += bytes;
}

std::optional<LinkFrame> first_frame(std::string_view bytes) {
  if (bytes.size() < link_head) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t at = 1; at < link_head; ++at)
    size = size << 8 | static_cast<unsigned char>(bytes[at]);
  if (size > link_frame_max)
    throw Fault(Kind::internal, "link_broken", "a frame of the link is longer than any may be");
  if (bytes.size() - link_head < size) return std::nullopt;
  return LinkFrame{static_cast<LinkFrame::Kind>(bytes.front()), bytes.substr(link_head, size)};
}

bool makes_terminals() {
  const files::Descriptor master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  const int unlocked = 0;
  return master.open() && ::ioctl(master.get(), TIOCSPTLCK, &unlocked) == 0;
}

Attendant Attendant::start(const Attention& attention) {
  std::string first;
  append_frame(first, LinkFrame::Kind::attention, json::text(attention));
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw not_started("a link", errno);
  files::Descriptor ours(ends[0]);
  const files::Descriptor theirs(ends[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  // The kernel takes it as a whole before anybody reads it.
  if (first.size() > link_frame_max || ::send(ours.get(), first.data(), first.size(),
                                              MSG_NOSIGNAL) != static_cast<ssize_t>(first.size()))
    throw not_started("what it is told", EMSGSIZE);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  // In a session of its own, so that what is typed where the platform was started does not reach
  // it.
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string name = "molecule";
  std::string word(attendant_word);
  std::array<char*, 3> arguments{name.data(), word.data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, this_program, &actions, &attributes, arguments.data(),
                                  environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw not_started("the program itself", error);
  files::Descriptor process(static_cast<int>(::syscall(pidfd_open, pid, 0)));
  if (!process.open()) {
    const int why = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    throw not_started("a handle of the process", why);
  }
  return {pid, std::move(process), std::move(ours)};
}

Attendant::~Attendant() {
  if (!process_.open() || ended()) return;
  kill();
  while (::waitpid(static_cast<pid_t>(pid_), nullptr, 0) < 0 && errno == EINTR) {}
}

int Attendant::take_link() {
  const files::Descriptor mine = std::move(link_);
  link_ = {};
  return ::fcntl(mine.get(), F_DUPFD_CLOEXEC, 3);
}

bool Attendant::ended() const {
  if (reaped_) return true;
  reaped_ = ::waitpid(static_cast<pid_t>(pid_), nullptr, WNOHANG) != 0;
  return reaped_;
}

void Attendant::kill() const { ::syscall(pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0); }

}  // namespace molecule::sandbox
