#include "platform/io/stop.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace molecule::io {

Task<void> Stop::requested() {
  while (!asked()) co_await signal_.wait(std::chrono::hours(1));
}

Task<void> Reload::requested() {
  while (!asked_.exchange(false, std::memory_order_acq_rel))
    co_await signal_.wait(std::chrono::hours(1));
}

namespace {
bool on_terminal() {
  int terminal = ::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return false;
  ::close(terminal);
  return true;
}

sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, SIGUSR1);  // Ends the waiter itself.
  return set;
}
}  // namespace

void hold_stop_signals() {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // A file at its limit is a failed write, like one on a full disk.
  sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

StopOnSignals::StopOnSignals(Stop& stop, Reload& reload, std::function<void()> last) {
  hold_stop_signals();
  waiter_ = std::thread([&stop, &reload, last = std::move(last), had_terminal = on_terminal()] {
    sigset_t mine = watched();
    bool asked = false;
    for (;;) {
      int got = 0;
      if (sigwait(&mine, &got) != 0) continue;
      if (got == SIGUSR1) return;
      if (got == SIGHUP) {
        if (!had_terminal || on_terminal()) {
          reload.request();
        } else if (!asked) {
          asked = true;
          stop.request();
        }
        continue;
      }
      if (asked) {
        if (last) last();
        ::_exit(130);
      }
      asked = true;
      stop.request();
    }
  });
}

StopOnSignals::~StopOnSignals() {
  pthread_kill(waiter_.native_handle(), SIGUSR1);
  waiter_.join();
}

}  // namespace molecule::io
