#include "cli/times.h"

#include <fmt/format.h>

namespace molecule::cli {

std::string duration_text(std::int64_t seconds) {
  if (seconds <= 0) return {};
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  if (seconds < 86'400) return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
  return fmt::format("{}d{}h", seconds / 86'400, seconds / 3600 % 24);
}

std::string age_text(std::string_view time, Instant now) {
  const auto at = Instant::parse(time);
  if (!at) return std::string(time);
  const std::int64_t seconds = now.seconds() - at->seconds();
  return seconds <= 0 ? "now" : duration_text(seconds);
}

std::string time_text(std::string_view time) {
  const auto at = Instant::parse(time);
  if (!at) return std::string(time);
  return at->text().substr(11, 8);
}

}  // namespace molecule::cli
