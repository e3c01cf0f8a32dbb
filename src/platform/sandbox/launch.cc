#include "platform/sandbox/launch.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "platform/sandbox/room.h"
#include "platform/sandbox/stat_line.h"

namespace molecule::sandbox {
namespace {

constexpr int exit_taken = 75;

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  for (int each = 1; each < SIGRTMIN; ++each) ::signal(each, SIG_DFL);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// The first process of a room: starts the program, buries what it leaves behind, passes on that it
// is to end. When this one ends the kernel ends all that is left in the room.
[[noreturn]] void be_first(const Program& program, const Report& report) {
  sigset_t waited;
  sigemptyset(&waited);
  sigaddset(&waited, SIGTERM);
  sigaddset(&waited, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &waited, nullptr);
  const pid_t main = ::fork();
  if (main < 0) report.give_up(fmt::format("no process can be made: {}", std::strerror(errno)));
  if (main == 0) {
    reset_signals();
    become(program, true, report);
  }
  // Its reports are the program's from here on, and end when that begins.
  ::close_range(3, ~0U, 0);
  for (;;) {
    siginfo_t info{};
    if (::sigwaitinfo(&waited, &info) < 0) continue;
    if (info.si_signo == SIGTERM) ::kill(main, SIGTERM);
    for (;;) {
      siginfo_t ended{};
      if (::waitid(P_ALL, 0, &ended, WEXITED | WNOHANG) != 0 || ended.si_pid == 0) break;
      if (ended.si_pid == main) ::_exit(status_of(ended));
    }
  }
}

bool hand_over(int socket, int descriptor) {
  char nothing = 0;
  iovec one{&nothing, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> beside{};
  msghdr message{};
  message.msg_iov = &one;
  message.msg_iovlen = 1;
  message.msg_control = beside.data();
  message.msg_controllen = beside.size();
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(head), &descriptor, sizeof(int));
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) == 1;
}

void make_terminal(const Ends& ends, std::int64_t user, const Report& report) {
  const auto fail = [&](const char* step) {
    report.give_up(fmt::format("no terminal can be made: {}: {}", step, std::strerror(errno)));
  };
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0) fail("/dev/ptmx");
  const int unlocked = 0;
  if (::ioctl(master, TIOCSPTLCK, &unlocked) != 0) fail("unlock");
  const int slave = ::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) fail("open");
  termios mode{};
  if (::tcgetattr(slave, &mode) == 0) {
    mode.c_iflag |= IUTF8;
    ::tcsetattr(slave, TCSANOW, &mode);
  }
  winsize size{};
  size.ws_col = static_cast<unsigned short>(ends.columns);
  size.ws_row = static_cast<unsigned short>(ends.rows);
  ::ioctl(master, TIOCSWINSZ, &size);
  // Whoever it becomes may open it again by its name.
  const auto owner = static_cast<uid_t>(user);
  if (::getuid() == 0 && user != 0 && ::fchown(slave, owner, owner) != 0) fail("change its owner");
  if (!hand_over(ends.terminal, master)) fail("hand it over");
  for (int each : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(slave, each);
  ::close(master);
  ::close(slave);
}

void put_streams(const Ends& ends) {
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(ends.input >= 0 ? ends.input : nothing, STDIN_FILENO);
  ::dup2(ends.output >= 0 ? ends.output : nothing, STDOUT_FILENO);
  ::dup2(ends.errors >= 0 ? ends.errors : nothing, STDERR_FILENO);
}

class Launching {
 public:
  Launching(const Program& program, const std::string& place, const Ends& ends)
      : program_(program), place_(place), ends_(ends) {}

  Launched run() {
    const int error = start(true);
    if (error == 0 && begun()) return done_;
    if (!done_.refusal.empty() && !room_refused_) return done_;
    // The kernel has no rooms for us: Landlock alone then.
    done_.measures.missing.push_back(fmt::format(
        "file tree and process numbers of its own, so what it starts may outlive a keeper "
        "that is killed: {}",
        error != 0 ? std::strerror(error) : done_.refusal.c_str()));
    done_.measures.applied.clear();
    done_.refusal.clear();
    const int again = start(false);
    if (again != 0) done_.refusal = fmt::format("no process can be made: {}", std::strerror(again));
    if (again == 0) begun();
    return done_;
  }

 private:
  // A system error, or 0: then the process tells how far it came.
  int start(bool in_room) {
    std::array<int, 2> told{};
    if (::pipe2(told.data(), O_CLOEXEC) != 0) return errno;
    reports_ = files::Descriptor(told[0]);
    const files::Descriptor reporting(told[1]);
    if (in_room && ::mkdir(place_.c_str(), 0700) != 0 && errno != EEXIST) return errno;
    const bool as_root = ::getuid() == 0;
    const unsigned user = ::getuid();
    const unsigned group = ::getgid();
    const long flags = in_room ? room_flags(as_root) | SIGCHLD : SIGCHLD;
    const long made = ::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr);
    if (made < 0) return errno;
    if (made == 0) {
      const Report report(reporting.get());
      ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
      pollfd gone{reporting.get(), 0, 0};
      if (::poll(&gone, 1, 0) > 0) ::_exit(exit_taken);
      put_streams(ends_);
      if (!in_room) {
        reset_signals();
        if (ends_.terminal >= 0) make_terminal(ends_, 0, report);
        become(program_, false, report);
      }
      ::prctl(PR_SET_DUMPABLE, as_root ? 0 : 1, 0, 0, 0);  // Its own maps must be its to write.
      if (!as_root) {
        if (const int error = keep_identity(user, group))
          report.give_up(fmt::format("room: user namespace: {}", std::strerror(error)));
      }
      std::vector<std::string> notes;
      const Built built =
          build_room(place_, program_.confinement, program_.arguments.front(), notes);
      if (built.error != 0)
        report.give_up(fmt::format("room: {}: {}", built.step, std::strerror(built.error)));
      ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
      report.applied("file tree and process numbers of its own");
      for (const std::string& note : notes) report.missing(note);
      if (ends_.terminal >= 0) make_terminal(ends_, program_.confinement.user, report);
      be_first(program_, report);
    }
    done_.process = static_cast<pid_t>(made);
    done_.in_room = in_room;
    return 0;
  }

  // Whether the program has begun.
  bool begun() {
    std::string text;
    std::array<char, 1024> some{};
    for (;;) {
      const ssize_t got = ::read(reports_.get(), some.data(), some.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      text.append(some.data(), static_cast<std::size_t>(got));
    }
    reports_ = files::Descriptor();
    std::string_view rest = text;
    while (!rest.empty()) {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      if (line.size() < 2) continue;
      const std::string what(line.substr(1));
      if (line.front() == '+') done_.measures.applied.push_back(what);
      if (line.front() == '-') done_.measures.missing.push_back(what);
      if (line.front() == '!') done_.refusal = what;
    }
    if (done_.refusal.empty()) return true;
    room_refused_ = done_.refusal.starts_with("room: ");
    ::kill(done_.process, SIGKILL);
    int status = 0;
    while (::waitpid(done_.process, &status, 0) < 0 && errno == EINTR) {}
    return false;
  }

  const Program& program_;
  const std::string& place_;
  const Ends& ends_;
  Launched done_;
  files::Descriptor reports_;
  bool room_refused_ = false;
};

}  // namespace

files::Descriptor become_keeper() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  sigset_t mine;
  sigemptyset(&mine);
  for (int each : {SIGTERM, SIGINT, SIGCHLD, SIGHUP}) sigaddset(&mine, each);
  ::sigprocmask(SIG_SETMASK, &mine, nullptr);
  return files::Descriptor(::signalfd(-1, &mine, SFD_CLOEXEC | SFD_NONBLOCK));
}

Launched launch(const Program& program, const std::string& place, const Ends& ends) {
  return Launching(program, place, ends).run();
}

files::Descriptor handed_terminal(int socket) {
  char nothing = 0;
  iovec one{&nothing, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> beside{};
  msghdr message{};
  message.msg_iov = &one;
  message.msg_iovlen = 1;
  message.msg_control = beside.data();
  message.msg_controllen = beside.size();
  if (::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) != 1) return {};
  const cmsghdr* const head = CMSG_FIRSTHDR(&message);
  if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int))) return {};
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(head), sizeof(int));
  return files::Descriptor(descriptor);
}

int status_of(const siginfo_t& info) {
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

void ask_to_end(const Launched& program) { ::kill(program.process, SIGTERM); }

// In a room the first process takes everything along.
void end_at_once(const Launched& program) {
  ::kill(program.process, SIGKILL);
  if (!program.in_room) ::kill(-program.process, SIGKILL);
}

// What it has started and left behind is a child of ours by now, or becomes one as its parent ends.
void sweep_after(const Launched& program) {
  if (!program.in_room) ::kill(-program.process, SIGKILL);
  for (int turn = 0; turn < 2000; ++turn) {
    bool any = false;
    for (const pid_t each : children_of(::getpid())) {
      any = true;
      ::kill(each, SIGKILL);
    }
    while (::waitpid(-1, nullptr, WNOHANG) > 0) any = true;
    if (!any) return;
    ::usleep(1000);
  }
}

}  // namespace molecule::sandbox
