// The characters of HTTP (RFC 9110 §5.6, RFC 3986) and the small readings both sides share.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace molecule::http {

namespace detail {
enum CharClass : std::uint8_t {
  token_char = 1,  // Of methods and header names.
  value_char = 2,  // Of header values: visible, space, tab and bytes above 0x7f.
  path_char = 4,   // Of a path as received.
  query_char = 8,  // Of a query as received; wider, because browsers send brackets and pipes raw.
  host_char = 16,  // Of a registered name or an IPv4 address.
};
constexpr std::array<std::uint8_t, 256> char_classes() {
  std::array<std::uint8_t, 256> table{};
  auto mark = [&table](std::string_view set, std::uint8_t bit) {
    for (char c : set) table[static_cast<std::uint8_t>(c)] |= bit;
  };
  constexpr std::string_view alnum =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  mark(alnum, token_char | path_char | query_char | host_char);
  mark("!#$%&'*+-.^_`|~", token_char);
  for (unsigned c = 0x20; c < 256; ++c) {
    if (c != 0x7f) table[c] |= value_char;
  }
  table['\t'] |= value_char;
  mark("-._~!$&'()*+,;=:@/%", path_char | query_char);
  mark("?[]{}|^`\\", query_char);
  mark("-._~", host_char);
  return table;
}
inline constexpr std::array<std::uint8_t, 256> classes = char_classes();
}  // namespace detail

constexpr bool is_a(char c, detail::CharClass wanted) {
  return (detail::classes[static_cast<std::uint8_t>(c)] & wanted) != 0;
}
constexpr bool all_are(std::string_view text, detail::CharClass wanted) {
  for (char c : text) {
    if (!is_a(c, wanted)) return false;
  }
  return true;
}

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Whether a comma-separated list (Connection, Upgrade, Accept-Encoding) has that member.
bool list_has(std::string_view list, std::string_view member);

// Decoded text; nullopt for a broken escape or an encoded NUL. `plus_is_space` for query strings.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// Digits only, without sign or spaces; nullopt beyond 18 of them.
std::optional<std::uint64_t> parse_length(std::string_view text);

// "host", "host:port", "[v6]", "[v6]:port"; the host without brackets and port. nullopt: malformed.
std::optional<std::string_view> host_of(std::string_view authority);

bool valid_utf8(std::string_view text);

}  // namespace molecule::http
