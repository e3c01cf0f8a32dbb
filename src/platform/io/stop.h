// The one request to stop, from SIGTERM, SIGINT or a test.
#pragma once

#include <atomic>
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

// Keeps SIGTERM and SIGINT from ending the process until StopOnSignals takes them. Threads inherit
// this, and one that does not would take the default action for all: call it before the first
// thread starts.
void hold_stop_signals();

// Turns SIGTERM and SIGINT, also those that were held, into stop.request() while it lives. A second
// signal ends the process at once.
class StopOnSignals {
 public:
  explicit StopOnSignals(Stop& stop);
  ~StopOnSignals();
  StopOnSignals(const StopOnSignals&) = delete;

 private:
  std::thread waiter_;
};

}  // namespace molecule::io
