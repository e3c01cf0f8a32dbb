// A place among so many that may be under way at once; given back with its owner.
#pragma once

#include <atomic>
#include <chrono>
#include <utility>

#include "base/fault.h"
#include "platform/metrics/metrics.h"

namespace molecule::attachments {

class Slot {
 public:
  // Throws Fault unavailable `overloaded`.
  Slot(std::atomic<int>& taken, int most, metrics::Gauge& shown) : taken_(&taken), shown_(&shown) {
    if (taken.fetch_add(1) >= most) {
      taken.fetch_sub(1);
      throw Fault(Kind::unavailable, "overloaded",
                  "too many files are on their way at once; try again shortly")
          .retry_after(std::chrono::seconds(1));
    }
    shown.add();
  }
  Slot(Slot&& other) noexcept
      : taken_(std::exchange(other.taken_, nullptr)), shown_(other.shown_) {}
  ~Slot() {
    if (!taken_) return;
    taken_->fetch_sub(1);
    shown_->subtract();
  }

 private:
  std::atomic<int>* taken_;
  metrics::Gauge* shown_;
};

}  // namespace molecule::attachments
