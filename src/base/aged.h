// Retention walks a table in the order of its numbers, a slice of rows at a time, and stops where
// nothing is old any more: numbers ascend with time, but for steps of the clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/fields.h"
#include "base/instant.h"

namespace molecule {

struct Aged {
  std::int64_t seq = 0;
  Instant at;
};
BOOST_DESCRIBE_STRUCT(Aged, (), (seq, at))

// Where this slice of rows ends if what is older than `before` may be in it or behind it. A row
// from after `now` was written while the clock was ahead: it says nothing of those that follow.
inline std::optional<std::int64_t> aged_until(const std::vector<Aged>& slice, Instant before,
                                              Instant now) {
  const bool goes_on = std::any_of(
      slice.begin(), slice.end(), [&](const Aged& row) { return row.at < before || row.at > now; });
  if (!goes_on) return std::nullopt;
  return slice.back().seq;
}

}  // namespace molecule
