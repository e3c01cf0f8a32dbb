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
  return before + storable(path.member, 64);
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

namespace {

// Of what is wrong at a place: the nearest rule that names a code, else how the object is read.
Refusal refusal_at(const Path& path, Refusal Reading::* what, std::string_view otherwise) {
  for (const Path* at = &path; at != nullptr; at = at->parent) {
    if (at->rule != nullptr && !at->rule->refusal.code.empty()) return at->rule->refusal;
    if (at->reading != nullptr) return at->reading->*what;
  }
  return {otherwise};
}

[[noreturn]] void refuse(const Refusal& refusal, const std::string& text) {
  throw bad_request(std::string(refusal.code),
                    refusal.words.empty() ? text : fmt::format("{}: {}", refusal.words, text));
}

std::string expecting(const Path& path, std::string_view expected) {
  const std::string where = path_text(path);
  return where.empty() ? fmt::format("expected {}", expected)
                       : fmt::format("{}: expected {}", where, expected);
}

}  // namespace

void mismatch(const Path& path, std::string_view expected) {
  // Of the body itself.
  if (path.parent == nullptr && path.reading != nullptr)
    refuse(path.reading->object, "expected a JSON object");
  refuse(refusal_at(path, &Reading::form, "invalid_field"), expecting(path, expected));
}

void out_of_bounds(const Path& path, std::string_view expected) {
  const bool own = path.rule != nullptr && !path.rule->value.code.empty();
  refuse(own ? path.rule->value : refusal_at(path, &Reading::bounds, "invalid_field"),
         expecting(path, expected));
}

void missing(const Path& path, std::string_view members) {
  std::string where = path_text(path);
  if (!where.empty()) where += '.';
  refuse(refusal_at(path, &Reading::missing, "missing_field"),
         fmt::format("{}{} is required", where, members));
}

void check_number(const Path& path, double value) {
  const Bounds* bounds = path.bounds;
  if (bounds == nullptr || (value >= bounds->least && value <= bounds->most)) return;
  out_of_bounds(path, "a number of " + words_of(*bounds, ""));
}

void check_size(const Path& path, std::size_t size, std::string_view unit) {
  const Bounds* bounds = path.bounds;
  if (bounds == nullptr || (size >= bounds->shortest && size <= bounds->longest)) return;
  out_of_bounds(path, words_of(*bounds, unit));
}

std::string words_of(const Bounds& bounds, std::string_view unit) {
  if (!bounds.bounded()) return {};
  std::string least, most;
  if (unit.empty()) {
    if (bounds.least != -Bounds::endless) append_number(least, bounds.least);
    if (bounds.most != Bounds::endless) append_number(most, bounds.most);
  } else {
    if (bounds.shortest != 0) least = std::to_string(bounds.shortest);
    if (bounds.longest != Bounds::any_size) most = std::to_string(bounds.longest);
  }
  std::string out = least.empty()  ? "at most " + most
                    : most.empty() ? "at least " + least
                                   : fmt::format("{} to {}", least, most);
  if (!unit.empty()) out.append(" ").append(unit);
  return out;
}

namespace detail {

void require_one(const Found& found, const OneOf& one, const PlacesOf& places, const Path& path) {
  for (std::size_t place : places) {
    if (place == nowhere) break;
    if (found.present(place)) return;
  }
  std::string names;
  for (std::string_view name : one.names) {
    if (!name.empty()) names.append(names.empty() ? "" : " or ").append(name);
  }
  missing(path, names);
}

void require_both(const Found& found, std::size_t place, const RuleAt& rule, const Path& path) {
  if (found.present(place) == found.present(rule.beside)) return;
  Path at{&path, rule.rule->field};
  at.rule = rule.rule;
  out_of_bounds(at, fmt::format("it together with {}", rule.rule->beside));
}

}  // namespace detail

Document parse_body(std::string_view text, const Limits& limits, const Reading* reading) {
  if (reading == nullptr || !reading->any_text) return Document::parse(text, limits);
  try {
    return Document::parse(text, limits);
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::bad_request) throw;
    refuse(reading->object, fault.text());
  }
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
