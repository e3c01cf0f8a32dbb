#include "platform/process/raw_terminal.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

#include <termios.h>
#include <unistd.h>

#include "base/fault.h"

namespace molecule::process {
namespace {

// What signal handlers need; they may do little.
struct Line {
  int terminal = -1;
  int resized = -1;
  termios before{};
  termios raw{};
  std::atomic<bool> is_raw{false};
};
Line& line() {
  static Line it;
  return it;
}

// All that end a process.
constexpr std::array ending{SIGHUP,  SIGINT,  SIGTERM, SIGQUIT, SIGSEGV,  SIGABRT, SIGBUS,
                            SIGFPE,  SIGILL,  SIGALRM, SIGUSR1, SIGUSR2,  SIGTRAP, SIGSYS,
                            SIGXCPU, SIGXFSZ, SIGPROF, SIGPIPE, SIGVTALRM};

void put_back() {
  if (line().is_raw.exchange(false)) ::tcsetattr(line().terminal, TCSANOW, &line().before);
}

void restore_and_die(int signal) {
  put_back();
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

void tell_of_size(int) {
  const int error = errno;
  const char byte = 1;
  // Full: it is told already.
  [[maybe_unused]] const auto written = ::write(line().resized, &byte, 1);
  errno = error;
}

// Stopped from outside, and gone on: meanwhile somebody else had the terminal.
void stop_for_now(int) {
  const int error = errno;
  ::tcsetattr(line().terminal, TCSANOW, &line().before);
  ::raise(SIGSTOP);
  errno = error;
}
void go_on(int signal) {
  const int error = errno;
  if (line().is_raw) ::tcsetattr(line().terminal, TCSANOW, &line().raw);
  tell_of_size(signal);
  errno = error;
}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

RawTerminal::RawTerminal(int descriptor, int resized) {
  Line& it = line();
  if (::tcgetattr(descriptor, &it.before) != 0)
    throw bad_request("no_terminal", "standard input is no terminal");
  it.terminal = descriptor;
  it.resized = resized;
  it.raw = it.before;
  ::cfmakeraw(&it.raw);
  for (const int each : ending) {
    struct sigaction now{};
    // What is ignored stays so: nobody dies of it.
    if (::sigaction(each, nullptr, &now) == 0 && now.sa_handler != SIG_IGN)
      handle(each, restore_and_die);
  }
  handle(SIGWINCH, tell_of_size);
  handle(SIGTSTP, stop_for_now);
  handle(SIGCONT, go_on);
  it.is_raw = true;
  ::tcsetattr(descriptor, TCSADRAIN, &it.raw);
}

RawTerminal::~RawTerminal() {
  for (const int each : {SIGWINCH, SIGTSTP, SIGCONT}) handle(each, SIG_DFL);
  put_back();
  for (const int each : ending) {
    struct sigaction now{};
    if (::sigaction(each, nullptr, &now) == 0 && now.sa_handler == restore_and_die)
      handle(each, SIG_DFL);
  }
}

}  // namespace molecule::process
