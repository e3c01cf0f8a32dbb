// The bytes that messages are made of: numbers of variable length, and fields under their numbers.
// Private to the folder.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/fault.h"

namespace molecule::protobuf {

inline Fault bad_message(std::string_view why) {
  return bad_request("bad_message", fmt::format("not a message: {}", why));
}

enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, sized = 2, fixed32 = 5 };

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}
  bool done() const { return left_.empty(); }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
      if (left_.empty()) throw bad_message("it ends within a number");
      const auto byte = static_cast<std::uint8_t>(left_.front());
      left_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
    throw bad_message("a number is longer than ten bytes");
  }
  std::string_view take(std::uint64_t size) {
    if (size > left_.size()) throw bad_message("it is cut short");
    const std::string_view taken = left_.substr(0, static_cast<std::size_t>(size));
    left_.remove_prefix(taken.size());
    return taken;
  }
  struct Tag {
    std::uint32_t number;
    WireType type;
  };
  Tag tag() {
    const std::uint64_t both = varint();
    const std::uint64_t number = both >> 3;
    if (number == 0 || number > 0x1fff'ffff) throw bad_message("a field has no such number");
    const auto type = static_cast<WireType>(both & 7);
    switch (type) {
      case WireType::varint:
      case WireType::fixed64:
      case WireType::sized:
      case WireType::fixed32: return {static_cast<std::uint32_t>(number), type};
    }
    throw bad_message("a field is of no type that is spoken");
  }
  // What a field holds: of a varint its bytes.
  std::string_view content(WireType type) {
    const std::string_view before = left_;
    switch (type) {
      case WireType::varint: varint(); return before.substr(0, before.size() - left_.size());
      case WireType::fixed64: return take(8);
      case WireType::fixed32: return take(4);
      case WireType::sized: return take(varint());
    }
    return {};
  }

 private:
  std::string_view left_;
};

inline void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>((value & 0x7f) | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}
inline void append_tag(std::string& out, std::uint32_t number, WireType type) {
  append_varint(out, static_cast<std::uint64_t>(number) << 3 | static_cast<std::uint64_t>(type));
}
inline void append_number(std::string& out, std::uint32_t number, std::uint64_t value) {
  append_tag(out, number, WireType::varint);
  append_varint(out, value);
}
inline void append_sized(std::string& out, std::uint32_t number, std::string_view bytes) {
  append_tag(out, number, WireType::sized);
  append_varint(out, bytes.size());
  out += bytes;
}
inline void append_double(std::string& out, std::uint32_t number, double value) {
  append_tag(out, number, WireType::fixed64);
  auto bits = std::bit_cast<std::uint64_t>(value);
  for (int i = 0; i < 8; ++i, bits >>= 8) out += static_cast<char>(bits & 0xff);
}
inline double double_in(std::string_view bytes) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i)
    bits |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << (8 * i);
  return std::bit_cast<double>(bits);
}

// Numbers of the fields of google.protobuf's own messages.
inline constexpr std::uint32_t map_key = 1, map_value = 2;
inline constexpr std::uint32_t struct_fields = 1, list_values = 1;
inline constexpr std::uint32_t value_null = 1, value_number = 2, value_text = 3, value_boolean = 4,
                               value_object = 5, value_list = 6;
inline constexpr std::uint32_t time_seconds = 1, time_nanos = 2;

}  // namespace molecule::protobuf
