#include "cli/documents.h"

#include <algorithm>
#include <cctype>

#include <fmt/core.h>

namespace molecule::cli {
namespace {

using json::Node;
using json::Type;

// UTF-8 of what a terminal acts upon or what is not seen: C1 controls, direction marks, line and
// paragraph separators, the joiners of nothing.
bool is_unsafe(std::uint32_t code) {
  return code == 0x7F || (code >= 0x80 && code <= 0x9F) || code == 0xAD || code == 0x61C ||
         (code >= 0x200B && code <= 0x200F && code != 0x200C && code != 0x200D) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) ||
         code == 0xFEFF || (code >= 0xFFF9 && code <= 0xFFFB);
}

// A JSON string, which is a double-quoted one of YAML, too.
std::string quoted(std::string_view text) {
  std::string plain;
  json::quote(plain, text);
  std::string out;
  out.reserve(plain.size());
  for (std::size_t at = 0; at < plain.size();) {
    const auto byte = static_cast<unsigned char>(plain[at]);
    std::size_t size = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
    size = std::min(size, plain.size() - at);
    std::uint32_t code = byte;
    if (size == 2) code = (byte & 0x1Fu) << 6 | (static_cast<unsigned char>(plain[at + 1]) & 0x3Fu);
    if (size == 3) {
      code = (byte & 0x0Fu) << 12 | (static_cast<unsigned char>(plain[at + 1]) & 0x3Fu) << 6 |
             (static_cast<unsigned char>(plain[at + 2]) & 0x3Fu);
    }
    if (size < 4 && is_unsafe(code)) {
      out += fmt::format("\\u{:04x}", code);
    } else {
      out.append(plain, at, size);
    }
    at += size;
  }
  return out;
}

void break_line(std::string& out, int depth) {
  out += '\n';
  out.append(static_cast<std::size_t>(depth) * 2, ' ');
}

// depth < 0: all on one line.
void write_json(std::string& out, Node value, int depth) {
  const int below = depth < 0 ? depth : depth + 1;
  const bool list = value.is(Type::array);
  if (value.is(Type::string)) {
    out += quoted(value.string());
  } else if (!list && !value.is(Type::object)) {
    out += value ? value.text() : "null";
  } else if (value.size() == 0) {
    out += list ? "[]" : "{}";
  } else {
    out += list ? '[' : '{';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ',';
      if (depth >= 0) break_line(out, below);
      if (!list) out.append(quoted(value.name_at(i))).append(depth < 0 ? ":" : ": ");
      write_json(out, list ? value.at(i) : value.value_at(i), below);
    }
    if (depth >= 0) break_line(out, depth);
    out += list ? ']' : '}';
  }
}

// What YAML would read as something else than this text.
bool needs_quotes(std::string_view text) {
  if (text.empty() || text.size() > 1000) return true;
  for (const char c : text) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '/' ||
                       c == '.' || c == '-' || c == '+' || c == ' ' || c == '(' || c == ')';
    if (!plain) return true;
  }
  const auto first = static_cast<unsigned char>(text.front());
  if (!std::isalpha(first) && first != '/') return true;
  if (text.back() == ' ') return true;
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string_view word :
       {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"})
    if (lower == word) return true;
  return false;
}

std::string yaml_text(std::string_view text) {
  return needs_quotes(text) ? quoted(text) : std::string(text);
}

// Readers of YAML 1.1 take a number for a word unless its exponent has a sign and stands behind a
// fraction.
std::string yaml_number(std::string_view text) {
  const std::size_t e = text.find_first_of("eE");
  if (e == text.npos) return std::string(text);
  const std::string_view digits = text.substr(0, e), exponent = text.substr(e + 1);
  return fmt::format("{}{}e{}{}", digits, digits.find('.') == digits.npos ? ".0" : "",
                     exponent.starts_with('-') || exponent.starts_with('+') ? "" : "+", exponent);
}

// Readers look for the : of a key on its line within 1024 characters, unless a ? announces it.
constexpr std::size_t plain_key_max = 1024;

bool is_open(Node value) {
  return (value.is(Type::array) || value.is(Type::object)) && value.size() > 0;
}

std::string yaml_scalar(Node value) {
  if (!value) return "null";
  if (value.is(Type::string)) return yaml_text(value.string());
  if (value.is(Type::array)) return "[]";
  if (value.is(Type::object)) return "{}";
  const bool number = value.is(Type::integer) || value.is(Type::number);
  return number ? yaml_number(value.text()) : value.text();
}

// `begun`: the first line has been indented already.
void write_yaml(std::string& out, Node value, int depth, bool begun) {
  const auto indent = [&](std::size_t i) {
    if (i > 0 || !begun) out.append(static_cast<std::size_t>(depth) * 2, ' ');
  };
  for (std::size_t i = 0; i < value.size(); ++i) {
    indent(i);
    if (value.is(Type::array)) {
      const Node item = value.at(i);
      out += "- ";
      if (is_open(item)) {
        write_yaml(out, item, depth + 1, true);
      } else {
        out.append(yaml_scalar(item)).append("\n");
      }
      continue;
    }
    const Node item = value.value_at(i);
    const std::string key = yaml_text(value.name_at(i));
    if (key.size() > plain_key_max) {
      out.append("? ").append(key).append("\n");
      out.append(static_cast<std::size_t>(depth) * 2, ' ').append(":");
    } else {
      out.append(key).append(":");
    }
    if (is_open(item)) {
      out += '\n';
      write_yaml(out, item, depth + 1, false);
    } else {
      out.append(" ").append(yaml_scalar(item)).append("\n");
    }
  }
}

}  // namespace

std::string as_json(Node value) {
  std::string out;
  write_json(out, value, 0);
  return out + '\n';
}

std::string as_json_line(Node value) {
  std::string out;
  write_json(out, value, -1);
  return out + '\n';
}

std::string as_yaml(Node value) {
  if (!is_open(value)) return yaml_scalar(value) + '\n';
  std::string out;
  write_yaml(out, value, 0, false);
  return out;
}

}  // namespace molecule::cli
