#include "platform/http/byte_range.h"

#include <algorithm>

#include "platform/http/syntax.h"

namespace molecule::http {

ByteRange byte_range(std::optional<std::string_view> header, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!header || header->size() < unit.size() ||
      !equal_ignoring_case(header->substr(0, unit.size()), unit))
    return {};
  const std::string_view text = trim(header->substr(unit.size()));
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view before = text.substr(0, dash);
  const std::string_view behind = text.substr(dash + 1);
  const auto from = parse_length(before);
  const auto to = parse_length(behind);
  if ((!from && !before.empty()) || (!to && !behind.empty()) || (!from && !to)) return {};
  if (from && to && *to < *from) return {};
  const ByteRange nothing{ByteRange::Asked::nothing};
  if (!from) {
    if (*to == 0 || size == 0) return nothing;
    return {ByteRange::Asked::part, size - std::min(*to, size), size - 1};
  }
  if (*from >= size) return nothing;
  return {ByteRange::Asked::part, *from, to ? std::min(*to, size - 1) : size - 1};
}

}  // namespace molecule::http
