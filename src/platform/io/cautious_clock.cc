#include "platform/io/cautious_clock.h"

#include <algorithm>

namespace molecule::io {
namespace {

using std::chrono::microseconds;

microseconds whole(std::chrono::nanoseconds time) {
  return std::chrono::duration_cast<microseconds>(time);
}
bool alike(microseconds a, microseconds b) {
  return std::chrono::abs(a - b) <= CautiousClock::tolerance;
}

}  // namespace

microseconds CautiousClock::ahead() const {
  return microseconds(clock_.now().micros()) - whole(clock_.monotonic());
}

Instant CautiousClock::now() const {
  const std::scoped_lock lock(mutex_);
  const auto monotonic = clock_.monotonic();
  const microseconds lead = ahead();
  if (alike(lead, trusted_)) {
    trusted_ = lead;
    stepped_.reset();
  } else if (!stepped_ || !alike(lead, stepped_->lead)) {
    stepped_ = Stepped{lead, monotonic};
  } else if (monotonic - stepped_->since >= kept_for) {
    trusted_ = lead;
    stepped_.reset();
  }
  return Instant::from_micros((std::min(lead, trusted_) + whole(monotonic)).count());
}

}  // namespace molecule::io
