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

struct Range {
  std::uint32_t from, to;
};
// What is not seen, or turns what is: controls of U+0080-009F, and what Unicode has fonts ignore
// (DerivedCoreProperties, Default_Ignorable_Code_Point), with separators of lines, annotations and
// all tags and variation selectors, in which text can be hidden.
constexpr Range unseen_ranges[] = {
    {0x80, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},    {0x61c, 0x61c},   {0x115f, 0x1160},
    {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},  {0x2028, 0x202e}, {0x2060, 0x206f},
    {0x3164, 0x3164},   {0xfe00, 0xfe0e},   {0xfeff, 0xfeff},  {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};

bool unseen(std::uint32_t point) {
  return std::ranges::any_of(unseen_ranges, [point](const Range& range) {
    return point >= range.from && point <= range.to;
  });
}

// Whether a text that begins with < begins or ends, for a lenient reader, the element in which a
// client shows what was pushed.
bool opens_channel(std::string_view text) {
  text.remove_prefix(1);
  while (!text.empty() && std::string_view("/ \t\n").find(text.front()) != std::string_view::npos)
    text.remove_prefix(1);
  constexpr std::string_view name = "channel";
  if (text.size() < name.size()) return false;
  return std::ranges::equal(text.substr(0, name.size()), name,
                            [](char a, char b) { return (a | 0x20) == b; });
}

// Without what is not seen.
std::string seen_of(std::string_view said) {
  std::string out;
  out.reserve(said.size());
  while (!said.empty()) {
    const std::size_t size =
        std::min(character_size(static_cast<unsigned char>(said.front())), said.size());
    const std::string_view character = said.substr(0, size);
    const std::uint32_t point = code_point(character);
    const bool control = (point < 0x20 && point != '\n' && point != '\t') || point == 0x7f;
    if (!control && (point < 0x80 || !unseen(point))) out += character;
    said.remove_prefix(size);
  }
  return out;
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
  // First what is not seen goes: it could stand in the middle of what is looked for.
  const std::string seen = seen_of(said);
  std::string out;
  out.reserve(seen.size());
  for (std::size_t at = 0; at < seen.size(); ++at) {
    const bool opens = seen[at] == '<' && opens_channel(std::string_view(seen).substr(at));
    if (opens) {
      out += "&lt;";
    } else {
      out += seen[at];
    }
  }
  return out;
}

std::string shown_unseen(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const std::size_t size =
        std::min(character_size(static_cast<unsigned char>(json.front())), json.size());
    const std::string_view character = json.substr(0, size);
    const std::uint32_t point = code_point(character);
    if (point < 0x80 || !unseen(point)) {
      out += character;
    } else if (point < 0x10000) {
      out += fmt::format("\\u{:04x}", point);
    } else {
      const std::uint32_t rest = point - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ffU));
    }
    json.remove_prefix(size);
  }
  return out;
}

std::string apart(std::string_view said, std::span<const std::string_view> ours) {
  const std::string inside = contained(said);
  const auto letter = [](char c) {
    const char low = static_cast<char>(c | 0x20);
    return low >= 'a' && low <= 'z';
  };
  const auto begins_as = [&](std::string_view line, std::string_view as) {
    // Whatever stands for a bracket of ours is no letter.
    const std::size_t first = line.find_first_not_of(" \t");
    if (!letter(as.front()) && (first == line.npos || letter(line[first]))) return false;
    for (const char wanted : as) {
      if (!letter(wanted)) continue;
      const auto at = std::ranges::find_if(line, letter);
      if (at == line.end() || (*at | 0x20) != (wanted | 0x20)) return false;
      line.remove_prefix(static_cast<std::size_t>(at - line.begin()) + 1);
    }
    return true;
  };
  std::string out;
  out.reserve(inside.size());
  std::string_view rest = inside;
  for (;;) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    if (std::ranges::any_of(ours, [&](std::string_view as) { return begins_as(line, as); }))
      out += "> ";
    out += line;
    if (end == rest.size()) return out;
    out += '\n';
    rest.remove_prefix(end + 1);
  }
}

std::string quoted(std::string_view name, std::string_view said, std::uint64_t number) {
  return fmt::format(
      "[answer of {} {:08x}: untrusted content begins]\n{}\n[answer of {} {:08x}: ends]", name,
      number & 0xffffffffU, contained(said), name, number & 0xffffffffU);
}

}  // namespace molecule::mcp
