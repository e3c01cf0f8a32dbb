// A page of rows that ends by count and by size.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace molecule::sql {

// The first rows of an ordered list, at most `count_max` of them and at most `bytes_max` together
// by `size_of`; the first comes whatever its size. `read(last, limit)` gives up to so many rows
// behind `last`, or from the beginning when that is null.
//
// Asking the engine for sizes first would have it read every row that might come. Here a few are
// read, then as many as still fit by the average of those, and no more than three times what was
// read before: what is read and not kept stays in proportion.
template <class Row, class Read, class SizeOf>
std::vector<Row> within(std::int64_t count_max, std::int64_t bytes_max, Read read, SizeOf size_of) {
  constexpr std::int64_t first_rows = 8;
  constexpr std::int64_t growth = 3;
  std::vector<Row> kept;
  std::int64_t bytes = 0;
  std::int64_t limit = std::min(first_rows, count_max);
  while (limit > 0) {
    auto rows = read(kept.empty() ? nullptr : &kept.back(), limit);
    for (Row& row : rows) {
      const auto size = static_cast<std::int64_t>(size_of(row));
      if (!kept.empty() && bytes + size > bytes_max) return kept;
      bytes += size;
      kept.push_back(std::move(row));
    }
    if (std::ssize(rows) < limit) return kept;
    const auto count = static_cast<std::int64_t>(kept.size());
    const std::int64_t average = std::max<std::int64_t>(bytes / count, 1);
    // One more than fits, since the last may be smaller than the average.
    const std::int64_t fitting = std::max<std::int64_t>(bytes_max - bytes, 0) / average + 1;
    limit = std::min({fitting, growth * count, count_max - count});
  }
  return kept;
}

}  // namespace molecule::sql
