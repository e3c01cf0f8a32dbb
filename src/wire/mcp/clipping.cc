#include "wire/mcp/clipping.h"

#include <fmt/format.h>

namespace molecule::mcp {

std::size_t whole_characters(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text.size();
  std::size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return end;
}

std::string clipped(std::string_view text, std::size_t max, std::string_view how_to_get_it) {
  if (text.size() <= max) return std::string(text);
  const std::size_t end = whole_characters(text, max);
  return fmt::format("{}\n[{} of {} bytes are left out here{}{}]", text.substr(0, end),
                     text.size() - end, text.size(), how_to_get_it.empty() ? "" : ": ",
                     how_to_get_it);
}

}  // namespace molecule::mcp
