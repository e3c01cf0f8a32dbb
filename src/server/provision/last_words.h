// What a program said last, as a reason for people: of its log, what it said since it was started,
// without the times and without what its keeper says.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace molecule::provision {

struct LastWords {
  static constexpr std::size_t lines_max = 4;
  static constexpr std::size_t looked_at = lines_max + 4;  // With some of the keeper's.
  static constexpr std::size_t bytes_max = 600;

  // `log`: its last lines, each behind its time. Of a line that is an object of JSON its `message`,
  // with the `error` that belongs to it.
  static std::string of(std::string_view log);
};

}  // namespace molecule::provision
