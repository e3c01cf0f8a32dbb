// The one request to stop, from SIGTERM, SIGINT or a test, and the requests to read the settings
// again, from SIGHUP.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "platform/io/signal.h"

namespace molecule::io {

class Stop {
 public:
  explicit Stop(Loop& loop) : loop_(loop) {}
  // Any thread, any number of times.
  void request() {
    asked_.store(true, std::memory_order_release);
    loop_.post([this] { signal_.notify(); });
  }
  bool asked() const { return asked_.load(std::memory_order_acquire); }
  // Suspends until somebody asks. On this object's loop.
  Task<void> requested();

 private:
  Loop& loop_;
  Signal signal_;
  std::atomic<bool> asked_{false};
};

// Requests to read again what can change while the program runs.
class Reload {
 public:
  explicit Reload(Loop& loop) : loop_(loop) {}
  // Any thread, any number of times.
  void request() {
    asked_.store(true, std::memory_order_release);
    loop_.post([this] { signal_.notify(); });
  }
  // Suspends until somebody has asked since the last call. On this object's loop.
  Task<void> requested();

 private:
  Loop& loop_;
  Signal signal_;
  std::atomic<bool> asked_{false};
};

// Keeps SIGTERM, SIGINT and SIGHUP from ending the process until StopOnSignals takes them. Threads
// inherit this, and one that does not would take the default action for all: call it before the
// first thread starts.
void hold_stop_signals();

// Turns SIGTERM and SIGINT, also those that were held, into stop.request() while it lives. A second
// one ends the process at once, after `last`, which is called on another thread. SIGHUP is a
// reload.request(), unless the process was started on a terminal and that is gone: whoever closed
// it meant to stop what ran in it.
class StopOnSignals {
 public:
  StopOnSignals(Stop& stop, Reload& reload, std::function<void()> last = {});
  ~StopOnSignals();
  StopOnSignals(const StopOnSignals&) = delete;

 private:
  std::thread waiter_;
};

}  // namespace molecule::io
