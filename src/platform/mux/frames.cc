#include "platform/mux/frames.h"

#include <fmt/core.h>

#include "base/fault.h"

namespace molecule::mux {
namespace {

template <class Number>
void append_number(std::string& out, Number number) {
  for (int shift = (static_cast<int>(sizeof number) - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(number >> shift);
}

template <class Number>
Number read_number(std::string_view bytes) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i)
    number = static_cast<Number>(number << 8 | static_cast<std::uint8_t>(bytes[i]));
  return number;
}

Fault broken(std::string text) { return bad_request("mux_broken", std::move(text)); }

// Whether a payload of that size belongs to the type; false for types that do not exist, too.
bool fits(std::uint8_t type, std::size_t size) {
  switch (static_cast<Type>(type)) {
    case Type::open:
    case Type::end:
    case Type::reset: return size == 0;
    case Type::data: return size > 0 && size <= payload_max;
    case Type::credit: return size == sizeof(std::uint32_t);
    case Type::acknowledged: return size == sizeof(std::uint64_t);
    case Type::goodbye: return size <= payload_max;
  }
  return false;
}

}  // namespace

void append_frame(std::string& out, Type type, std::uint32_t stream, std::string_view payload) {
  out += static_cast<char>(type);
  append_number(out, stream);
  append_number(out, static_cast<std::uint32_t>(payload.size()));
  out += payload;
}

std::string number_payload(std::uint32_t number) {
  std::string out;
  append_number(out, number);
  return out;
}

std::string number_payload(std::uint64_t number) {
  std::string out;
  append_number(out, number);
  return out;
}

std::optional<Frame> FrameReader::next() {
  if (left_.empty()) return std::nullopt;
  if (left_.size() < frame_head_size) throw broken("a message ends inside of a frame");
  const auto type = static_cast<std::uint8_t>(left_[0]);
  const auto stream = read_number<std::uint32_t>(left_.substr(1));
  const auto size = read_number<std::uint32_t>(left_.substr(5));
  left_.remove_prefix(frame_head_size);
  if (!fits(type, size))
    throw broken(fmt::format("a frame of type {} with {} bytes does not exist", type, size));
  if (numbered(static_cast<Type>(type)) != (stream != 0))
    throw broken(fmt::format("a frame of type {} on stream {} does not exist", type, stream));
  if (left_.size() < size) throw broken("a message ends inside of a frame");
  Frame frame{static_cast<Type>(type), stream, left_.substr(0, size)};
  left_.remove_prefix(size);
  return frame;
}

std::uint32_t read_u32(std::string_view payload) { return read_number<std::uint32_t>(payload); }
std::uint64_t read_u64(std::string_view payload) { return read_number<std::uint64_t>(payload); }

}  // namespace molecule::mux
