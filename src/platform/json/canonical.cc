#include "platform/json/canonical.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

namespace molecule::json {
namespace {

// By UTF-16 code units, as JavaScript sorts: what lies beyond the first plane comes before the
// private characters of that plane. Both texts are UTF-8.
bool before(std::string_view one, std::string_view other) {
  const auto [a, b] = std::ranges::mismatch(one, other);
  if (a == one.end() || b == other.end()) return a == one.end() && b != other.end();
  const auto first = static_cast<unsigned char>(*a), second = static_cast<unsigned char>(*b);
  constexpr unsigned char private_lead = 0xee, surrogates_lead = 0xf0;
  const bool swapped = first >= private_lead && second >= private_lead &&
                       (first >= surrogates_lead) != (second >= surrogates_lead);
  return (first < second) != swapped;
}

// ECMAScript's Number::toString. `shortest` is -d.ddde[+-]xx.
std::string as_in_javascript(std::string_view shortest) {
  std::string out;
  if (shortest.front() == '-') {
    out = "-";
    shortest.remove_prefix(1);
  }
  const std::size_t e = shortest.find('e');
  std::string digits(1, shortest.front());
  if (e > 2) digits += shortest.substr(2, e - 2);
  const int point =
      std::atoi(std::string(shortest.substr(e + 1)).c_str()) + 1;  // Digits before it.
  const int count = static_cast<int>(digits.size());
  const auto at = [](int place) { return static_cast<std::size_t>(place); };
  if (point > 21 || point <= -6) {
    out += digits[0];
    if (count > 1) out += '.' + digits.substr(1);
    out += fmt::format("e{}{}", point > 0 ? '+' : '-', std::abs(point - 1));
  } else if (point <= 0) {
    out += "0." + std::string(at(-point), '0') + digits;
  } else if (point >= count) {
    out += digits + std::string(at(point - count), '0');
  } else {
    out += digits.substr(0, at(point)) + '.' + digits.substr(at(point));
  }
  return out;
}

void write_number(std::string& out, Node node) {
  const double value = node.number();
  if (!std::isfinite(value)) {
    out += node.text();
  } else if (value == 0) {
    out += '0';
  } else {
    std::array<char, 40> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                   std::chars_format::scientific)
                         .ptr;
    out += as_in_javascript({buffer.data(), end});
  }
}

void write_value(std::string& out, Node node) {
  switch (node.type()) {
    case Type::integer:
    case Type::number: write_number(out, node); return;
    case Type::array:
      out += '[';
      for (std::size_t i = 0; i < node.size(); ++i) {
        if (i > 0) out += ',';
        write_value(out, node.at(i));
      }
      out += ']';
      return;
    case Type::object: {
      std::vector<std::size_t> order(node.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
        return before(node.name_at(a), node.name_at(b));
      });
      out += '{';
      for (std::size_t i = 0; i < order.size(); ++i) {
        if (i > 0) out += ',';
        quote(out, node.name_at(order[i]));
        out += ':';
        write_value(out, node.value_at(order[i]));
      }
      out += '}';
      return;
    }
    default: out += node.text();
  }
}

}  // namespace

std::string canonical(Node value) {
  std::string out;
  write_value(out, value);
  return out;
}

}  // namespace molecule::json
