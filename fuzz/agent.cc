// Whatever an agent's program prints is read without harm, and what is taken from it is in it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/stream_json_lines.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace molecule::agent;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const StreamJsonLine line = read_stream_json(text);
  if (line.kind == StreamJsonLine::Kind::other && !line.text.empty()) std::abort();
  if (line.text.size() > size || line.id.size() > size) std::abort();
  return 0;
}
