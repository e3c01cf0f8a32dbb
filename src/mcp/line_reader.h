// Bytes as lines, wherever they are cut. A line that is longer than may be is passed over, and what
// is kept of it is not more than that.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace molecule::mcp {

class LineReader {
 public:
  struct Ears {
    std::function<void(std::string line)> line;  // Without its end, and never blank.
    std::function<void()> too_long;              // Once for each.
  };
  LineReader(std::size_t line_max, Ears ears) : line_max_(line_max), ears_(std::move(ears)) {}

  void take(std::string_view bytes);
  // Nothing more comes; the last one may have no end.
  void finish();

 private:
  void hand_on(std::string line) const;

  const std::size_t line_max_;
  const Ears ears_;
  std::string begun_;
  bool skipping_ = false;  // Until the end of a line that is too long.
};

}  // namespace molecule::mcp
