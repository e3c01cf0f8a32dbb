// Waits between attempts at what does not succeed: each twice as long as the one before, up to the
// longest; and when to give up, which counts what was waited and asks no clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace molecule::io {

struct Waits {
  std::chrono::seconds first{1};
  std::chrono::seconds longest{60};
  std::chrono::seconds in_all{3600};

  // After so many attempts before the one that has just failed.
  std::chrono::seconds after(std::int64_t attempts) const {
    return std::min(first * (std::int64_t{1} << std::clamp<std::int64_t>(attempts, 0, 20)),
                    longest);
  }
  // Whether they were waited for long enough.
  bool over(std::int64_t attempts) const {
    std::chrono::seconds waited{0};
    for (std::int64_t each = 0; each < attempts && waited < in_all; ++each) waited += after(each);
    return waited >= in_all;
  }
};

}  // namespace molecule::io
