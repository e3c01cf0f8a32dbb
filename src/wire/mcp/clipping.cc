#include "wire/mcp/clipping.h"

#include <fmt/format.h>

namespace molecule::mcp {

std::string clipped(std::string_view text, std::size_t max, std::string_view how_to_get_it) {
  if (text.size() <= max) return std::string(text);
  std::size_t end = max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return fmt::format("{}\n[{} of {} bytes are left out here{}{}]", text.substr(0, end),
                     text.size() - end, text.size(), how_to_get_it.empty() ? "" : ": ",
                     how_to_get_it);
}

}  // namespace molecule::mcp
