#include "wire/a2a/trace.h"

#include <algorithm>
#include <array>

namespace molecule::a2a {
namespace {

constexpr std::size_t members_max = 32;  // Of a state.
constexpr std::size_t name_max = 256, value_max = 256;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_small(char c) { return c >= 'a' && c <= 'z'; }
bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}
bool is_zero(std::string_view text) { return text.find_first_not_of('0') == text.npos; }

// version "-" trace-id "-" parent-id "-" flags; what later versions have behind it begins with "-".
bool is_parent(std::string_view text) {
  constexpr std::size_t size = 55;
  if (text.size() < size || text.size() > trace_max) return false;
  const std::string_view version = text.substr(0, 2), id = text.substr(3, 32),
                         parent = text.substr(36, 16), flags = text.substr(53, 2);
  if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  if (!is_hex(version) || !is_hex(id) || !is_hex(parent) || !is_hex(flags)) return false;
  if (version == "ff" || is_zero(id) || is_zero(parent)) return false;
  if (text.size() == size) return true;
  const auto visible = [](char c) { return c > ' ' && c <= '~'; };
  return version != "00" && text[size] == '-' && std::ranges::all_of(text, visible);
}

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > name_max || !(is_small(text[0]) || is_digit(text[0])))
    return false;
  return std::ranges::count(text, '@') <= 1 && std::ranges::all_of(text, [](char c) {
           return is_small(c) || is_digit(c) || std::string_view("_-*/@").contains(c);
         });
}

bool is_value(std::string_view text) {
  const auto fits = [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; };
  return !text.empty() && text.size() <= value_max && text.back() != ' ' &&
         std::ranges::all_of(text, fits);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_state(std::string_view text) {
  if (text.empty() || text.size() > trace_max) return false;
  std::array<std::string_view, members_max> names;
  std::size_t known = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view member = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (member.empty()) continue;
    const std::size_t equals = member.find('=');
    if (equals == member.npos || known == members_max) return false;
    const std::string_view name = member.substr(0, equals);
    if (!is_name(name) || !is_value(member.substr(equals + 1))) return false;
    const auto end_of_known = names.begin() + static_cast<std::ptrdiff_t>(known);
    if (std::find(names.begin(), end_of_known, name) != end_of_known) return false;
    names[known++] = name;
  }
  return known > 0;
}

}  // namespace

Trace trace_of(std::string_view parent, std::string_view state) {
  if (!is_parent(parent)) return {};
  return {std::string(parent), is_state(state) ? std::string(state) : std::string()};
}

}  // namespace molecule::a2a
