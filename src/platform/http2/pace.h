// How often something may be asked for that costs its asker nothing: a store of turns that fills up
// again with time.
#pragma once

#include <algorithm>
#include <chrono>

namespace molecule::http2 {

class Pace {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  Pace(double most, double a_second, TimePoint now)
      : most_(most), a_second_(a_second), left_(most), at_(now) {}

  // False: there were too many.
  bool take(TimePoint now) {
    const std::chrono::duration<double> since = now - at_;
    at_ = now;
    left_ = std::min(most_, left_ + since.count() * a_second_);
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }
  // Something of ours has called for more.
  void give(double turns) { left_ = std::min(most_, left_ + turns); }

 private:
  double most_;
  double a_second_;
  double left_;
  TimePoint at_;
};

}  // namespace molecule::http2
