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

// Turns SIGTERM and SIGINT into stop.request() while it lives. Create it before any thread starts, so
// that all inherit the blocked mask. A second signal ends the process at once.
class StopOnSignals {
 public:
  explicit StopOnSignals(Stop& stop);
  ~StopOnSignals();
  StopOnSignals(const StopOnSignals&) = delete;

 private:
  std::thread waiter_;
};

}  // namespace molecule::io
