// Frames mean the same however they arrive: in one piece or byte by byte the same messages, control
// frames and errors come out. A message is within its bound, text is UTF-8, and what was read is
// written and read again as the same message. The first byte says whose frames they are.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "platform/http/syntax.h"
#include "platform/http/websocket_frames.h"

namespace {

using namespace molecule;
using Event = http::FrameReader::Event;

constexpr std::size_t message_max = 2048;

struct Seen {
  Event event = Event::more;
  http::Op op = http::Op::text;
  std::string payload;
  friend bool operator==(const Seen&, const Seen&) = default;
};

std::vector<Seen> read(std::string_view text, bool masked, std::size_t step) {
  http::FrameReader reader(masked, message_max);
  std::vector<Seen> seen;
  while (!text.empty()) {
    std::string_view part = text.substr(0, step);
    text.remove_prefix(part.size());
    while (!part.empty()) {
      Seen now;
      now.event = reader.read(part);
      switch (now.event) {
        case Event::more: continue;
        case Event::error: now.payload = std::to_string(reader.error_code()); break;
        case Event::message:
          now.op = reader.op();
          now.payload = reader.message();
          break;
        case Event::ping:
        case Event::pong:
        case Event::close: now.payload = reader.control(); break;
      }
      seen.push_back(now);
      if (now.event == Event::error || now.event == Event::close) return seen;
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool masked = (data[0] & 1) != 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<Seen> seen = read(text, masked, text.size());
  if (seen != read(text, masked, 1)) std::abort();
  for (const Seen& one : seen) {
    if (one.event != Event::message) continue;
    if (one.payload.size() > message_max) std::abort();
    if (one.op == http::Op::text && !http::valid_utf8(one.payload)) std::abort();
    const std::array<std::uint8_t, 4> mask{data[0], 2, 3, 4};
    std::string again;
    http::append_frame(again, one.op, one.payload, masked ? &mask : nullptr);
    if (read(again, masked, again.size()) != std::vector<Seen>{one}) std::abort();
  }
  return 0;
}
