// Wakes the followers of one loop when the log grows. A burst of facts wakes them once.
#pragma once

#include <atomic>

#include "platform/io/loop.h"
#include "platform/io/signal.h"
#include "server/events/log.h"

namespace molecule::events {

class Hub {
 public:
  // Lives as long as the log. One per loop.
  Hub(io::Loop& loop, Log& log) : loop_(loop) {
    log.on_published([this] {
      if (pending_.exchange(true, std::memory_order_acq_rel)) return;
      loop_.post([this] {
        pending_.store(false, std::memory_order_release);
        grown_.notify();
      });
    });
  }
  Hub(const Hub&) = delete;

  io::Loop& loop() { return loop_; }
  // Suspends until the log has grown or `limit` has passed. On this hub's loop only.
  io::Task<bool> grown(std::chrono::nanoseconds limit) { return grown_.wait(limit); }
  // For who must wake this hub's followers for another reason; they look again and find nothing.
  io::Signal& followers() { return grown_; }

 private:
  io::Loop& loop_;
  io::Signal grown_;
  std::atomic<bool> pending_{false};
};

// The hubs of all loops; finds the one of the running coroutine's loop.
class Hubs {
 public:
  Hubs(Log& log, const std::vector<io::Loop*>& loops) {
    for (io::Loop* loop : loops) hubs_.push_back(std::make_unique<Hub>(*loop, log));
  }
  Hub& of(io::Loop& loop) const {
    for (const auto& hub : hubs_) {
      if (&hub->loop() == &loop) return *hub;
    }
    std::abort();  // A loop the root did not name.
  }

 private:
  std::vector<std::unique_ptr<Hub>> hubs_;
};

}  // namespace molecule::events
