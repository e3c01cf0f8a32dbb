// A form is the same in every split of its bytes, and no part passes its bounds.
#include "platform/http/multipart.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace molecule::http;
using Event = MultipartReader::Event;

// What was read, as one text.
std::string read(std::string_view text, std::size_t step) {
  MultipartReader reader("b");
  std::string out;
  std::size_t parts = 0;
  for (;;) {
    const Event event = reader.next();
    switch (event) {
      case Event::more:
        if (text.empty()) return out + "<more>";
        reader.take(text.substr(0, step));
        text.remove_prefix(step < text.size() ? step : text.size());
        break;
      case Event::part:
        if (++parts > MultipartReader::parts_max) std::abort();
        if (reader.part().name.size() > MultipartReader::head_max) std::abort();
        out += "<part " + reader.part().name + ' ' + reader.part().filename.value_or("-") + ' ' +
               reader.part().media_type + '>';
        break;
      case Event::bytes:
        if (reader.bytes().empty()) std::abort();
        out += reader.bytes();
        break;
      case Event::part_over: out += "<end>"; break;
      default: return out + "<over>" + std::to_string(static_cast<int>(event));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  multipart_boundary(text);
  if (read(text, text.size() + 1) != read(text, 1 + data[0] % 32)) std::abort();
  return 0;
}
