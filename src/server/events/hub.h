// Wakes the followers of one loop when the log grows. A burst of facts wakes them once. Long polls
// wait here with patience, which is over at once when the platform goes down.
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

  // The platform goes down: nobody's patience lasts any longer. Any thread.
  void close() {
    loop_.post([this] {
      closing_ = true;
      grown_.notify();
    });
  }
  bool closing() const { return closing_; }  // On this hub's loop.

 private:
  io::Loop& loop_;
  io::Signal grown_;
  std::atomic<bool> pending_{false};
  bool closing_ = false;
};

// How long one long poll waits for the log to grow.
class Patience {
 public:
  Patience(Hub& hub, const io::Clock& clock, std::chrono::nanoseconds limit)
      : hub_(hub), clock_(clock), until_(clock.monotonic() + limit) {}
  // Answer with what there is.
  bool over() const { return hub_.closing() || clock_.monotonic() >= until_; }
  // Until the log has grown or patience may be over; ask again.
  io::Task<bool> wait() { return hub_.grown(until_ - clock_.monotonic()); }

 private:
  Hub& hub_;
  const io::Clock& clock_;
  std::chrono::nanoseconds until_;
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
  void close() {
    for (const auto& hub : hubs_) hub->close();
  }

 private:
  std::vector<std::unique_ptr<Hub>> hubs_;
};

}  // namespace molecule::events
