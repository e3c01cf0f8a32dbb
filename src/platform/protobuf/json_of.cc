#include "platform/protobuf/json_of.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <utf8proc.h>

#include "base/instant.h"
#include "platform/crypto/encoding.h"
#include "platform/json/json.h"
#include "platform/protobuf/wire.h"

namespace molecule::protobuf {
namespace {

using Kind = Field::Kind;
using Times = Field::Times;

WireType type_of(Kind kind) {
  switch (kind) {
    case Kind::boolean:
    case Kind::int32:
    case Kind::choice: return WireType::varint;
    case Kind::text:
    case Kind::bytes:
    case Kind::message:
    case Kind::object:
    case Kind::value:
    case Kind::time: break;
  }
  return WireType::sized;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    utf8proc_int32_t point = 0;
    const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    const auto size = utf8proc_iterate(at, static_cast<utf8proc_ssize_t>(text.size()), &point);
    if (size <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

std::uint64_t number_in(std::string_view content) { return Reader(content).varint(); }

class Writer {
 public:
  Writer(std::string& out, const Bounds& bounds) : out_(out), bounds_(bounds) {}

  void message(std::string_view bytes, const Message& of, std::string_view without = {});

 private:
  struct Piece {
    std::size_t field;
    std::string_view content;
  };
  // Goes one level down for as long as it lives.
  class Level {
   public:
    explicit Level(Writer& writer) : writer_(writer) {
      if (++writer_.depth_ > writer_.bounds_.depth) throw bad_message("it goes too deep");
    }
    ~Level() { --writer_.depth_; }
    Level(const Level&) = delete;

   private:
    Writer& writer_;
  };
  void count() {
    if (++members_ > bounds_.members) throw bad_message("it has too many fields");
    require_room(0);
  }
  void require_room(std::size_t more) const {
    if (out_.size() + more <= bounds_.bytes) return;
    throw Fault(molecule::Kind::too_large, "body_too_large",
                fmt::format("as JSON the message has more than {} bytes", bounds_.bytes));
  }

  void one(std::string_view content, const Field& field);
  void all(std::span<const Piece> pieces, const Field& field);
  void entry(std::string_view content, const Field& field);
  void object(std::string_view bytes);
  void list(std::string_view bytes);
  void value(std::string_view bytes);
  void time(std::string_view bytes);
  void text(std::string_view bytes) {
    if (!is_utf8(bytes)) throw bad_message("a text is not UTF-8");
    std::size_t quoted = bytes.size() + 2;
    for (const char c : bytes) {
      if (static_cast<unsigned char>(c) < 0x20) quoted += 5;
      if (c == '"' || c == '\\') ++quoted;
    }
    require_room(quoted);
    json::quote(out_, bytes);
  }

  std::string& out_;
  const Bounds& bounds_;
  std::size_t depth_ = 0;
  std::size_t members_ = 0;
};

void Writer::message(std::string_view bytes, const Message& of, std::string_view without) {
  const Level level(*this);
  std::vector<Piece> pieces;
  for (Reader reader(bytes); !reader.done();) {
    const Reader::Tag tag = reader.tag();
    const std::string_view content = reader.content(tag.type);
    count();
    const auto at = std::ranges::find(of.fields, tag.number, &Field::number);
    if (at == of.fields.end() || at->name == without) continue;
    const WireType wanted = at->times == Times::by_name ? WireType::sized : type_of(at->kind);
    if (tag.type != wanted) throw bad_message(fmt::format("{} is of another type", at->name));
    pieces.push_back({static_cast<std::size_t>(at - of.fields.begin()), content});
  }
  // In the order of the table; those of one field as they came.
  std::ranges::sort(pieces, [](const Piece& one, const Piece& other) {
    return std::pair(one.field, one.content.data()) < std::pair(other.field, other.content.data());
  });
  out_ += '{';
  bool first = true;
  for (std::span<const Piece> left = pieces; !left.empty();) {
    const Field& field = of.fields[left.front().field];
    const auto end = std::ranges::find_if(
        left, [&](const Piece& piece) { return piece.field != left.front().field; });
    const auto same = left.first(static_cast<std::size_t>(end - left.begin()));
    left = left.subspan(same.size());
    // The first name of an enum says that nothing was said.
    if (field.kind == Kind::choice && number_in(same.back().content) == 0) continue;
    if (!std::exchange(first, false)) out_ += ',';
    json::quote(out_, field.name);
    out_ += ':';
    all(same, field);
  }
  out_ += '}';
}

void Writer::all(std::span<const Piece> pieces, const Field& field) {
  if (field.times == Times::once) {
    // Two numbers or texts of one field: the last counts. Two messages would have to be joined.
    if (pieces.size() > 1 && field.kind == Kind::message)
      throw bad_message(fmt::format("{} comes twice", field.name));
    one(pieces.back().content, field);
    return;
  }
  const bool named = field.times == Times::by_name;
  out_ += named ? '{' : '[';
  bool first = true;
  for (const Piece& piece : pieces) {
    if (!std::exchange(first, false)) out_ += ',';
    if (named) {
      entry(piece.content, field);
    } else {
      one(piece.content, field);
    }
  }
  out_ += named ? '}' : ']';
}

void Writer::entry(std::string_view content, const Field& field) {
  std::string_view key, held;
  for (Reader reader(content); !reader.done();) {
    const Reader::Tag tag = reader.tag();
    const std::string_view bytes = reader.content(tag.type);
    count();
    if (tag.number == map_key && tag.type == WireType::sized) key = bytes;
    if (tag.number == map_value && tag.type == type_of(field.kind)) held = bytes;
  }
  text(key);
  out_ += ':';
  one(held, field);
}

void Writer::one(std::string_view content, const Field& field) {
  switch (field.kind) {
    case Kind::text: text(content); break;
    case Kind::bytes: {
      const auto* at = reinterpret_cast<const std::uint8_t*>(content.data());
      require_room(content.size() / 3 * 4);
      json::quote(out_, crypto::base64_encode({at, content.size()}));
      break;
    }
    case Kind::boolean: out_ += number_in(content) != 0 ? "true" : "false"; break;
    case Kind::int32: out_ += std::to_string(static_cast<std::int32_t>(number_in(content))); break;
    case Kind::choice: {
      const std::uint64_t number = number_in(content);
      if (number >= field.choices.size())
        throw bad_message(fmt::format("{} has no such value", field.name));
      json::quote(out_, field.choices[static_cast<std::size_t>(number)]);
      break;
    }
    case Kind::message: message(content, *field.message); break;
    case Kind::object: object(content); break;
    case Kind::value: value(content); break;
    case Kind::time: time(content); break;
  }
}

void Writer::object(std::string_view bytes) {
  const Level level(*this);
  out_ += '{';
  bool first = true;
  constexpr Field any{map_value, "", Kind::value};
  for (Reader reader(bytes); !reader.done();) {
    const Reader::Tag tag = reader.tag();
    const std::string_view content = reader.content(tag.type);
    count();
    if (tag.number != struct_fields || tag.type != WireType::sized) continue;
    if (!std::exchange(first, false)) out_ += ',';
    entry(content, any);
  }
  out_ += '}';
}

void Writer::list(std::string_view bytes) {
  const Level level(*this);
  out_ += '[';
  bool first = true;
  for (Reader reader(bytes); !reader.done();) {
    const Reader::Tag tag = reader.tag();
    const std::string_view content = reader.content(tag.type);
    count();
    if (tag.number != list_values || tag.type != WireType::sized) continue;
    if (!std::exchange(first, false)) out_ += ',';
    value(content);
  }
  out_ += ']';
}

void Writer::value(std::string_view bytes) {
  const Level level(*this);
  Reader::Tag last{value_null, WireType::varint};
  std::string_view content;
  for (Reader reader(bytes); !reader.done();) {
    const Reader::Tag tag = reader.tag();
    content = reader.content(tag.type);
    count();
    last = tag;
  }
  const WireType wanted = last.number == value_null || last.number == value_boolean
                              ? WireType::varint
                          : last.number == value_number ? WireType::fixed64
                                                        : WireType::sized;
  if (last.type != wanted) throw bad_message("a value is of another type");
  switch (last.number) {
    case value_number: {
      const double number = double_in(content);
      if (!std::isfinite(number)) throw bad_message("a number is none that JSON has");
      json::append_number(out_, number);
      break;
    }
    case value_text: text(content); break;
    case value_boolean: out_ += number_in(content) != 0 ? "true" : "false"; break;
    case value_object: object(content); break;
    case value_list: list(content); break;
    default: out_ += "null";
  }
}

void Writer::time(std::string_view bytes) {
  std::int64_t seconds = 0, nanos = 0;
  for (Reader reader(bytes); !reader.done();) {
    const Reader::Tag tag = reader.tag();
    const std::string_view content = reader.content(tag.type);
    count();
    if (tag.type != WireType::varint) continue;
    if (tag.number == time_seconds) seconds = static_cast<std::int64_t>(number_in(content));
    if (tag.number == time_nanos) nanos = static_cast<std::int32_t>(number_in(content));
  }
  // From the year 1 to 9999, as the message's own definition says.
  constexpr std::int64_t first = -62'135'596'800, last = 253'402'300'799;
  if (seconds < first || seconds > last || nanos < 0 || nanos > 999'999'999)
    throw bad_message("a time is none");
  json::quote(out_, Instant::from_micros(seconds * 1'000'000 + nanos / 1'000).text());
}

}  // namespace

std::string json_of(std::string_view bytes, const Message& message, std::string_view without,
                    const Bounds& bounds) {
  std::string out;
  Writer(out, bounds).message(bytes, message, without);
  return out;
}

std::optional<std::string> text_in(std::string_view bytes, std::uint32_t number) {
  std::optional<std::string> found;
  for (Reader reader(bytes); !reader.done();) {
    const Reader::Tag tag = reader.tag();
    const std::string_view content = reader.content(tag.type);
    if (tag.number == number && tag.type == WireType::sized) found.emplace(content);
  }
  return found;
}

}  // namespace molecule::protobuf
