#include "platform/io/manual_timers.h"

#include "platform/io/loop_asio.h"

namespace molecule::io {

ManualTimers::ManualTimers(Loop& loop, const Clock& clock) : loop_(loop), clock_(clock) {
  loop_.impl().manual = this;
}

ManualTimers::~ManualTimers() { loop_.impl().manual = nullptr; }

std::optional<std::chrono::nanoseconds> ManualTimers::next() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first.first;
}

void ManualTimers::ring() {
  const auto now = clock_.monotonic();
  while (!waiting_.empty() && waiting_.begin()->first.first <= now) {
    auto due = waiting_.extract(waiting_.begin());
    loop_.post([ring = std::move(due.mapped())]() mutable { ring(true); });
  }
}

ManualTimers::Key ManualTimers::add(std::chrono::nanoseconds after, Ring ring) {
  const Key key{clock_.monotonic() + after, ++added_};
  waiting_.emplace(key, std::move(ring));
  return key;
}

void ManualTimers::cancel(Key key) {
  auto found = waiting_.extract(key);
  if (found.empty()) return;
  loop_.post([ring = std::move(found.mapped())]() mutable { ring(false); });
}

}  // namespace molecule::io
