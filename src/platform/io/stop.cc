#include "platform/io/stop.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

namespace molecule::io {

Task<void> Stop::requested() {
  while (!asked()) co_await signal_.wait(std::chrono::hours(1));
}

namespace {
sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
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

StopOnSignals::StopOnSignals(Stop& stop) {
  hold_stop_signals();
  waiter_ = std::thread([&stop] {
    sigset_t mine = watched();
    bool asked = false;
    for (;;) {
      int got = 0;
      if (sigwait(&mine, &got) != 0) continue;
      if (got == SIGUSR1) return;
      if (asked) ::_exit(130);
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
