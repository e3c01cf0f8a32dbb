#include "platform/sandbox/kept.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/files/made_file.h"
#include "platform/json/json.h"
#include "platform/sandbox/stat_line.h"

namespace molecule::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr const char* this_program = "/proc/self/exe";
constexpr long pidfd_send_signal = 424;
constexpr long pidfd_open = 434;

Fault not_started(std::string_view step) {
  return {Kind::internal, "not_started",
          fmt::format("no keeper can be started: {}: {}", step, std::strerror(errno))};
}

files::Descriptor process_of(std::int64_t pid) {
  return files::Descriptor(static_cast<int>(::syscall(pidfd_open, static_cast<pid_t>(pid), 0)));
}

bool is_held(const fs::path& lock) {
  const files::Descriptor file(::open(lock.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.open()) return false;
  return ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

template <class T>
std::optional<T> read_as(const fs::path& file) {
  try {
    if (auto text = files::read(file)) return json::read<T>(*text);
  } catch (const Fault&) {
    return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

Keeper Keeper::start(const Kept& kept) {
  const std::string text = json::text(kept);
  const files::Descriptor given(::memfd_create("kept", MFD_CLOEXEC));
  if (!given.open()) throw not_started("memory for what it is told");
  files::write_all(given.get(), text, "kept", {});
  ::lseek(given.get(), 0, SEEK_SET);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, given.get(), STDIN_FILENO);
  // It outlives this process, so it holds nothing of it: whoever reads our output sees its end.
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
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string name = "molecule";
  std::string word(keeper_word);
  std::array<char*, 3> arguments{name.data(), word.data(), nullptr};
  std::array<char*, 1> environment{nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, this_program, &actions, &attributes, arguments.data(),
                                  environment.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    errno = error;
    throw not_started("the program itself");
  }
  files::Descriptor process = process_of(pid);
  if (!process.open()) {
    const int why = errno;
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    errno = why;
    throw not_started("a handle of the process");
  }
  return {pid, std::move(process), true};
}

std::optional<Keeper> Keeper::find(const fs::path& run) {
  if (!is_held(run / "lock")) return std::nullopt;
  const auto facts = keeper_facts(run);
  if (!facts || facts->pid <= 1) return std::nullopt;
  files::Descriptor process = process_of(facts->pid);
  // The number may be somebody else's by now.
  if (!process.open() || started_ticks(facts->pid) != facts->started) return std::nullopt;
  return Keeper(facts->pid, std::move(process), false);
}

bool Keeper::ended() const {
  pollfd watched{process_.get(), POLLIN, 0};
  if (::poll(&watched, 1, 0) <= 0) return false;
  if (child_) {
    ::waitpid(static_cast<pid_t>(pid_), nullptr, WNOHANG);
    child_ = false;
  }
  return true;
}

void Keeper::stop() const { ::syscall(pidfd_send_signal, process_.get(), SIGTERM, nullptr, 0); }
void Keeper::kill() const { ::syscall(pidfd_send_signal, process_.get(), SIGKILL, nullptr, 0); }

std::optional<KeeperFacts> keeper_facts(const fs::path& run) {
  return read_as<KeeperFacts>(run / "keeper");
}
std::optional<Ended> how_it_ended(const fs::path& run) { return read_as<Ended>(run / "ended"); }

Wanted::Wanted(const fs::path& file)
    : file_(files::made_file(AT_FDCWD, file.c_str(), O_RDWR, 0600, files::Made::or_opened)) {
  int done = -1;
  do {
    done = file_.open() ? ::flock(file_.get(), LOCK_EX) : -1;
  } while (done != 0 && errno == EINTR);
  if (done != 0) throw not_started(file.string());
}

bool chooses_users() { return ::geteuid() == 0; }

std::string own_program() {
  std::error_code error;
  std::string path = fs::read_symlink(this_program, error).string();
  constexpr std::string_view gone = " (deleted)";
  if (path.ends_with(gone)) path.resize(path.size() - gone.size());
  return path;
}

}  // namespace molecule::sandbox
