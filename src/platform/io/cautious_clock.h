// The clock of what deletes or ends for good. A wall clock that jumps ahead may be wrong and right
// again a moment later; what it made too old meanwhile would not come back. So a step ahead counts
// once the wall clock has kept to it for a while; until then time goes on from before. A step back
// makes nothing older, and counts at once. Any thread; to be asked at least now and then.
#pragma once

#include <mutex>
#include <optional>

#include "platform/io/clock.h"

namespace molecule::io {

class CautiousClock final : public Clock {
 public:
  static constexpr std::chrono::seconds tolerance{10};  // Of what is corrected little by little.
  static constexpr std::chrono::minutes kept_for{5};

  explicit CautiousClock(const Clock& clock) : clock_(clock), trusted_(ahead()) {}

  Instant now() const override;
  std::chrono::nanoseconds monotonic() const override { return clock_.monotonic(); }
  Instant steady() const override { return clock_.steady(); }

 private:
  // The wall clock's lead on the monotonic one.
  std::chrono::microseconds ahead() const;

  struct Stepped {
    std::chrono::microseconds lead;
    std::chrono::nanoseconds since;
  };
  const Clock& clock_;
  mutable std::mutex mutex_;
  mutable std::chrono::microseconds trusted_;
  mutable std::optional<Stepped> stepped_;
};

}  // namespace molecule::io
