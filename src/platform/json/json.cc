#include "platform/json/json.h"

#include <algorithm>
#include <charconv>

namespace molecule::json {
namespace {
std::string path_text(const Path& path) {
  if (!path.parent) return {};
  std::string before = path_text(*path.parent);
  if (path.is_index) return before + fmt::format("[{}]", path.index);
  if (!before.empty()) before += '.';
  return before + std::string(path.member);
}
}  // namespace

std::string storable(std::string_view text, std::size_t max) {
  if (text.size() > max) {
    while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xc0) == 0x80) --max;
    text = text.substr(0, max);
  }
  std::string out(text);
  std::ranges::replace(out, '\0', '?');
  return out;
}

void mismatch(const Path& path, std::string_view expected) {
  std::string where = path_text(path);
  throw bad_request("invalid_field", where.empty()
                                         ? fmt::format("expected {}", expected)
                                         : fmt::format("{}: expected {}", where, expected));
}

void missing(const Path& path, std::string_view member) {
  std::string where = path_text(path);
  if (!where.empty()) where += '.';
  throw bad_request("missing_field", fmt::format("{}{} is required", where, member));
}

namespace {
// Length of the valid UTF-8 sequence at `at`, or 0.
std::size_t utf8_length(std::string_view text, std::size_t at) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(at);
  std::size_t n = lead >= 0xf0 && lead <= 0xf4 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 0;
  if (lead > 0xf4 || n == 0 || at + n > text.size()) return 0;
  for (std::size_t i = 1; i < n; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  }
  unsigned char second = byte(at + 1);
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
      (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
    return 0;
  }
  return n;
}
}  // namespace

void quote(std::string& out, std::string_view text) {
  out += '"';
  std::size_t plain = 0;  // Start of the run not yet copied.
  std::size_t i = 0;
  auto flush = [&] { out.append(text.substr(plain, i - plain)); };
  while (i < text.size()) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\' && c < 0x80) {
      ++i;
      continue;
    }
    if (c >= 0x80) {
      std::size_t n = utf8_length(text, i);
      if (n > 0) {
        i += n;
        continue;
      }
      flush();
      out += "\xEF\xBF\xBD";
    } else {
      flush();
      switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\b': out += "\\b"; break;
        case '\f': out += "\\f"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default: {
          constexpr char digits[] = "0123456789abcdef";
          out += "\\u00";
          out += digits[c >> 4];
          out += digits[c & 15];
        }
      }
    }
    ++i;
    plain = i;
  }
  flush();
  out += '"';
}

void append_number(std::string& out, double value) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  if (std::trunc(value) == value && std::abs(value) < 1e15) {
    out += std::to_string(static_cast<std::int64_t>(value));
    return;
  }
  char buffer[40];
  auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  out.append(buffer, end);
}

}  // namespace molecule::json
