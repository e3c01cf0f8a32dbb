// Events are the same in every split of their bytes, and no event is larger than its limit.
#include "platform/http/event_stream.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using namespace molecule::http;

constexpr EventLimits limits{200, 500};

bool read(std::string_view text, std::size_t step, std::vector<ServerEvent>& events) {
  EventParser parser(limits);
  bool fits = true;
  while (fits && !text.empty()) {
    fits = parser.take(text.substr(0, step));
    text.remove_prefix(step < text.size() ? step : text.size());
    while (auto event = parser.next()) events.push_back(*event);
  }
  return fits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<ServerEvent> whole, split;
  const bool fits = read(text, text.size() + 1, whole);
  if (read(text, 1 + data[0] % 32, split) != fits || whole != split) std::abort();
  for (const auto& event : whole) {
    if (event.data.size() > limits.event_max || event.type.size() > limits.line_max) std::abort();
  }
  return 0;
}
