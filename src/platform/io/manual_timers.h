// Timers of a loop whose time somebody moves by hand: simulations and tests. While it lives, waits
// and deadlines that begin on `loop` end by `clock`, in the order of their ends and, where those
// are the same, of their beginnings, and only in ring(). Real loops have none and pay a test of a
// pointer. Outlives every wait that began on it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "platform/io/clock.h"
#include "platform/io/loop.h"

namespace molecule::io {

class ManualTimers {
 public:
  ManualTimers(Loop& loop, const Clock& clock);
  ~ManualTimers();
  ManualTimers(const ManualTimers&) = delete;

  std::chrono::nanoseconds now() const { return clock_.monotonic(); }
  // When the next wait ends, as Clock::monotonic counts; nothing when nobody waits.
  std::optional<std::chrono::nanoseconds> next() const;
  // Ends the waits whose time has come; who waited goes on in the loop's next turns.
  void ring();

  // For the loop's own waits.
  using Key = std::pair<std::chrono::nanoseconds, std::uint64_t>;
  using Ring = std::move_only_function<void(bool in_time)>;
  Key add(std::chrono::nanoseconds after, Ring ring);
  void cancel(Key key);  // Rings, with false, in the loop's next turn; nothing when it has rung.

 private:
  Loop& loop_;
  const Clock& clock_;
  std::map<Key, Ring> waiting_;
  std::uint64_t added_ = 0;
};

}  // namespace molecule::io
