#include "mcp/line_reader.h"

#include <utility>

namespace molecule::mcp {

void LineReader::take(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (!skipping_ && begun_.size() + part.size() > line_max_) {
      skipping_ = true;
      begun_ = {};
      ears_.too_long();
    }
    if (!skipping_) begun_ += part;
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    if (!std::exchange(skipping_, false)) hand_on(std::exchange(begun_, {}));
  }
}

void LineReader::finish() {
  if (!std::exchange(skipping_, false)) hand_on(std::exchange(begun_, {}));
}

void LineReader::hand_on(std::string line) const {
  if (line.ends_with('\r')) line.pop_back();
  if (line.find_first_not_of(" \t") == std::string::npos) return;
  ears_.line(std::move(line));
}

}  // namespace molecule::mcp
