#include "platform/json/json.h"

#include <algorithm>
#include <charconv>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace molecule::json {
namespace bj = boost::json;

namespace {
const bj::value& as(const void* value) { return *static_cast<const bj::value*>(value); }

// Also refuses numbers that a double cannot hold: written again, they would be null.
std::size_t count_members(const bj::value& value, std::size_t max) {
  std::size_t count = 0;
  if (const auto* number = value.if_double(); number && !std::isfinite(*number))
    throw bad_request("invalid_json", "invalid JSON: a number is out of range");
  if (const auto* list = value.if_array()) {
    count += list->size();
    for (const auto& item : *list) {
      if (count > max) return count;
      count += count_members(item, max - count);
    }
  } else if (const auto* object = value.if_object()) {
    count += object->size();
    for (const auto& member : *object) {
      if (count > max) return count;
      count += count_members(member.value(), max - count);
    }
  }
  return count;
}

// Where the escape of a NUL begins. A backslash that is itself escaped begins none.
std::size_t find_nul(std::string_view text) {
  constexpr std::string_view escape = "\\u0000";
  for (std::size_t at = text.find(escape); at != std::string_view::npos;
       at = text.find(escape, at + 1)) {
    std::size_t before = at;
    while (before > 0 && text[before - 1] == '\\') --before;
    if ((at - before) % 2 == 0) return at;
  }
  return std::string_view::npos;
}

std::string path_text(const Path& path) {
  if (!path.parent) return {};
  std::string before = path_text(*path.parent);
  if (path.is_index) return before + fmt::format("[{}]", path.index);
  if (!before.empty()) before += '.';
  return before + std::string(path.member);
}
}  // namespace

struct Document::Impl {
  std::unique_ptr<unsigned char[]> first;
  bj::monotonic_resource memory;
  bj::value value;
  explicit Impl(std::size_t size)
      : first(new unsigned char[size]), memory(first.get(), size), value(&memory) {}
};

Document::Document(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;
Node Document::root() const { return Node(&impl_->value); }

Document Document::parse(std::string_view text, const Limits& limits) {
  if (text.size() > limits.bytes) {
    throw Fault(Kind::too_large, "body_too_large",
                fmt::format("JSON is larger than {} bytes", limits.bytes));
  }
  bool blank = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (blank) throw bad_request("invalid_json", "invalid JSON: the body is empty");
  if (limits.nul == Nul::refused) {
    std::size_t nul = find_nul(text);
    if (nul != std::string_view::npos) {
      throw bad_request(
          "invalid_json",
          fmt::format("invalid JSON: text must not hold a NUL character (byte {})", nul));
    }
  }
  auto impl = std::make_unique<Impl>(std::min<std::size_t>(text.size() * 3 + 512, 64u << 10));
  bj::parse_options options;
  options.max_depth = limits.depth;
  unsigned char scratch[1024];
  bj::parser parser(bj::storage_ptr(), options, scratch, sizeof scratch);
  parser.reset(&impl->memory);
  boost::system::error_code error;
  std::size_t used = parser.write_some(text.data(), text.size(), error);
  if (!error && text.find_first_not_of(" \t\r\n", used) != std::string_view::npos) {
    throw bad_request("invalid_json",
                      fmt::format("invalid JSON: unexpected text at byte {}", used));
  }
  if (error == bj::error::too_deep) {
    throw bad_request("invalid_json",
                      fmt::format("invalid JSON: nested deeper than {}", limits.depth));
  }
  if (error) {
    throw bad_request("invalid_json",
                      fmt::format("invalid JSON: {} at byte {}", error.message(), used));
  }
  impl->value = parser.release();
  if (count_members(impl->value, limits.members) > limits.members) {
    throw bad_request("invalid_json",
                      fmt::format("invalid JSON: more than {} members", limits.members));
  }
  return Document(std::move(impl));
}

Type Node::type() const {
  switch (as(value_).kind()) {
    case bj::kind::null: return Type::null;
    case bj::kind::bool_: return Type::boolean;
    case bj::kind::int64: return Type::integer;
    case bj::kind::uint64: return Type::number;
    case bj::kind::double_: {
      // 3.0 is a whole number to every client; so it is here.
      double d = as(value_).get_double();
      return std::trunc(d) == d && std::abs(d) < 9.0e15 ? Type::integer : Type::number;
    }
    case bj::kind::string: return Type::string;
    case bj::kind::array: return Type::array;
    case bj::kind::object: return Type::object;
  }
  return Type::null;
}

bool Node::boolean() const { return as(value_).get_bool(); }
std::int64_t Node::integer() const {
  if (const auto* d = as(value_).if_double()) return static_cast<std::int64_t>(*d);
  return as(value_).get_int64();
}
double Node::number() const { return as(value_).to_number<double>(); }
std::string_view Node::string() const {
  const auto& s = as(value_).get_string();
  return {s.data(), s.size()};
}
std::size_t Node::size() const {
  if (const auto* list = as(value_).if_array()) return list->size();
  if (const auto* object = as(value_).if_object()) return object->size();
  return 0;
}
Node Node::at(std::size_t index) const { return Node(&as(value_).get_array()[index]); }
Node Node::find(std::string_view name) const {
  if (!value_) return {};
  const auto* object = as(value_).if_object();
  if (!object) return {};
  return Node(object->if_contains({name.data(), name.size()}));
}
std::string_view Node::name_at(std::size_t index) const {
  auto key = (as(value_).get_object().begin() + static_cast<std::ptrdiff_t>(index))->key();
  return {key.data(), key.size()};
}
Node Node::value_at(std::size_t index) const {
  return Node(&(as(value_).get_object().begin() + static_cast<std::ptrdiff_t>(index))->value());
}

namespace {
void write_value(std::string& out, const bj::value& value) {
  switch (value.kind()) {
    case bj::kind::null: out += "null"; return;
    case bj::kind::bool_: out += value.get_bool() ? "true" : "false"; return;
    case bj::kind::int64: out += std::to_string(value.get_int64()); return;
    case bj::kind::uint64: out += std::to_string(value.get_uint64()); return;
    case bj::kind::double_: append_number(out, value.get_double()); return;
    case bj::kind::string:
      quote(out, {value.get_string().data(), value.get_string().size()});
      return;
    case bj::kind::array: {
      out += '[';
      bool first = true;
      for (const auto& item : value.get_array()) {
        if (!first) out += ',';
        first = false;
        write_value(out, item);
      }
      out += ']';
      return;
    }
    case bj::kind::object: {
      out += '{';
      bool first = true;
      for (const auto& member : value.get_object()) {
        if (!first) out += ',';
        first = false;
        quote(out, {member.key().data(), member.key().size()});
        out += ':';
        write_value(out, member.value());
      }
      out += '}';
      return;
    }
  }
}
}  // namespace

std::string Node::text() const {
  std::string out;
  write_value(out, as(value_));
  return out;
}

std::string storable(std::string_view text, std::size_t max) {
  if (text.size() > max) {
    while (max > 0 && (static_cast<unsigned char>(text[max]) & 0xc0) == 0x80) --max;
    text = text.substr(0, max);
  }
  std::string out(text);
  std::ranges::replace(out, '\0', '?');
  return out;
}

std::string compact(std::string_view text, const Limits& limits) {
  return Document::parse(text, limits).root().text();
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
