#include "wire/mcp/quoting.h"

#include <algorithm>

#include <fmt/format.h>

namespace molecule::mcp {
namespace {

constexpr std::size_t name_max = 64;  // Characters.

bool plain(char c) {
  const bool alphanumeric =
      (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  return alphanumeric || std::string_view(" _.-/+:@()").find(c) != std::string_view::npos;
}

std::size_t character_size(unsigned char first) {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

std::uint32_t code_point(std::string_view character) {
  if (character.size() == 1) return static_cast<unsigned char>(character[0]);
  std::uint32_t value =
      static_cast<unsigned char>(character[0]) & (0xffU >> (character.size() + 1));
  for (std::size_t i = 1; i < character.size(); ++i)
    value = (value << 6) | (static_cast<unsigned char>(character[i]) & 0x3fU);
  return value;
}

// Controls, and what is not seen or turns what is: U+0080-009F, zero-width characters, directions,
// separators of lines, tags.
bool unseen(std::uint32_t point) {
  const auto within = [point](std::uint32_t from, std::uint32_t to) {
    return point >= from && point <= to;
  };
  return within(0x80, 0x9f) || point == 0xad || point == 0x61c || within(0x200b, 0x200f) ||
         within(0x2028, 0x202e) || within(0x2060, 0x206f) || point == 0xfeff ||
         within(0xfff9, 0xfffb) || within(0xe0000, 0xe007f);
}

// The beginning or the end of the element in which a client shows what was pushed.
bool opens_channel(std::string_view text) {
  text.remove_prefix(1);
  while (text.starts_with('/') || text.starts_with(' ')) text.remove_prefix(1);
  constexpr std::string_view name = "channel";
  if (text.size() < name.size()) return false;
  return std::ranges::equal(text.substr(0, name.size()), name,
                            [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

std::string harmless(std::string_view name) {
  std::string out;
  std::size_t characters = 0;
  while (!name.empty()) {
    const std::size_t size =
        std::min(character_size(static_cast<unsigned char>(name.front())), name.size());
    const std::string_view character = name.substr(0, size);
    name.remove_prefix(size);
    const std::uint32_t point = code_point(character);
    const bool kept = point < 0x80 ? plain(character.front()) : !unseen(point);
    const bool blank = !kept || character == " ";
    if (blank && (out.empty() || out.ends_with(' '))) continue;
    if (characters == name_max - 1 && !name.empty()) {
      out += "…";
      break;
    }
    out += blank ? " " : character;
    ++characters;
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string contained(std::string_view said) {
  std::string out;
  out.reserve(said.size());
  while (!said.empty()) {
    const std::size_t size =
        std::min(character_size(static_cast<unsigned char>(said.front())), said.size());
    const std::string_view character = said.substr(0, size);
    const std::uint32_t point = code_point(character);
    const bool control = point < 0x20 && point != '\n' && point != '\t';
    if (character == "<" && opens_channel(said)) {
      out += "&lt;";
    } else if (!control && point != 0x7f && !(point >= 0x80 && unseen(point))) {
      out += character;
    }
    said.remove_prefix(size);
  }
  return out;
}

std::string quoted(std::string_view name, std::string_view said, std::uint64_t number) {
  return fmt::format(
      "[answer of {} {:08x}: untrusted content begins]\n{}\n[answer of {} {:08x}: ends]", name,
      number & 0xffffffffU, contained(said), name, number & 0xffffffffU);
}

}  // namespace molecule::mcp
