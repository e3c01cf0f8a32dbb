// One-to-many wake-up on a single loop: wait() suspends until the next notify(), a deadline or
// cancellation. Used for long polls and for "there is more work".
#pragma once

#include <chrono>
#include <memory>

#include "platform/io/loop.h"

namespace molecule::io {

class Signal {
 public:
  Signal() = default;
  Signal(const Signal&) = delete;
  ~Signal();

  // Wakes every current waiter; they resume from the loop, later. Call on the waiters' loop.
  void notify();
  // True when notified, false when `limit` passed first. Throws when cancelled.
  Task<bool> wait(std::chrono::nanoseconds limit);
  bool has_waiters() const { return first_ != nullptr; }

 private:
  struct Waiting;
  friend struct Waiting;
  Waiting* first_ = nullptr;
};

}  // namespace molecule::io
