#include "platform/protobuf/bytes_of.h"

#include <algorithm>

#include "base/instant.h"
#include "platform/crypto/encoding.h"
#include "platform/protobuf/wire.h"

namespace molecule::protobuf {
namespace {

using json::Node;
using json::Type;
using Kind = Field::Kind;
using Times = Field::Times;

std::string object_bytes(Node object);

std::string value_bytes(Node value) {
  std::string out;
  switch (value.type()) {
    case Type::null: append_number(out, value_null, 0); break;
    case Type::boolean: append_number(out, value_boolean, value.boolean() ? 1 : 0); break;
    case Type::integer:
    case Type::number: append_double(out, value_number, value.number()); break;
    case Type::string: append_sized(out, value_text, value.string()); break;
    case Type::object: append_sized(out, value_object, object_bytes(value)); break;
    case Type::array: {
      std::string list;
      for (std::size_t i = 0; i < value.size(); ++i)
        append_sized(list, list_values, value_bytes(value.at(i)));
      append_sized(out, value_list, list);
      break;
    }
  }
  return out;
}

void append_entry(std::string& out, std::uint32_t number, std::string_view key,
                  const std::string& held) {
  std::string entry;
  append_sized(entry, map_key, key);
  append_sized(entry, map_value, held);
  append_sized(out, number, entry);
}

std::string object_bytes(Node object) {
  std::string out;
  for (std::size_t i = 0; i < object.size(); ++i)
    append_entry(out, struct_fields, object.name_at(i), value_bytes(object.value_at(i)));
  return out;
}

std::string time_bytes(std::string_view text) {
  const auto at = Instant::parse(text);
  if (!at) throw bad_message("a time is none");
  std::int64_t seconds = at->micros() / 1'000'000;
  std::int64_t micros = at->micros() % 1'000'000;
  if (micros < 0) {
    micros += 1'000'000;
    --seconds;
  }
  std::string out;
  if (seconds != 0) append_number(out, time_seconds, static_cast<std::uint64_t>(seconds));
  if (micros != 0) append_number(out, time_nanos, static_cast<std::uint64_t>(micros * 1'000));
  return out;
}

// Of either alphabet, with and without padding, as readers of ProtoJSON take it.
std::string binary_bytes(std::string_view text) {
  std::string plain(text.substr(0, text.find_last_not_of('=') + 1));
  std::ranges::replace(plain, '+', '-');
  std::ranges::replace(plain, '/', '_');
  const auto bytes = crypto::base64url_decode(plain);
  if (!bytes) throw bad_message("bytes are not in base64");
  return {bytes->begin(), bytes->end()};
}

void require(bool fits, const Field& field) {
  if (!fits) throw bad_message(fmt::format("{} is of another type", field.name));
}

// What a field of a length holds.
std::string sized_bytes(Node value, const Field& field) {
  switch (field.kind) {
    case Kind::text: require(value.is(Type::string), field); return std::string(value.string());
    case Kind::bytes: require(value.is(Type::string), field); return binary_bytes(value.string());
    case Kind::message:
      require(value.is(Type::object), field);
      return bytes_of(value, *field.message);
    case Kind::object: require(value.is(Type::object), field); return object_bytes(value);
    case Kind::time: require(value.is(Type::string), field); return time_bytes(value.string());
    case Kind::value: return value_bytes(value);
    case Kind::boolean:
    case Kind::int32:
    case Kind::choice: break;
  }
  return {};
}

void append_one(std::string& out, Node value, const Field& field) {
  switch (field.kind) {
    case Kind::boolean:
      require(value.is(Type::boolean), field);
      append_number(out, field.number, value.boolean() ? 1 : 0);
      return;
    case Kind::int32:
      require(value.is(Type::integer) && std::in_range<std::int32_t>(value.integer()), field);
      append_number(out, field.number, static_cast<std::uint64_t>(value.integer()));
      return;
    case Kind::choice: {
      require(value.is(Type::string), field);
      const auto at = std::ranges::find(field.choices, value.string());
      // One that the table does not know has no number.
      if (at == field.choices.end()) return;
      append_number(out, field.number, static_cast<std::uint64_t>(at - field.choices.begin()));
      return;
    }
    case Kind::text:
    case Kind::bytes:
    case Kind::message:
    case Kind::object:
    case Kind::value:
    case Kind::time: break;
  }
  append_sized(out, field.number, sized_bytes(value, field));
}

}  // namespace

std::string bytes_of(json::Node object, const Message& message) {
  std::string out;
  for (const Field& field : message.fields) {
    const Node value = object.find(field.name);
    if (!value || (value.is(Type::null) && field.kind != Kind::value)) continue;
    switch (field.times) {
      case Times::once: append_one(out, value, field); break;
      case Times::many:
        require(value.is(Type::array), field);
        for (std::size_t i = 0; i < value.size(); ++i) append_one(out, value.at(i), field);
        break;
      case Times::by_name:
        require(value.is(Type::object), field);
        for (std::size_t i = 0; i < value.size(); ++i)
          append_entry(out, field.number, value.name_at(i), sized_bytes(value.value_at(i), field));
        break;
    }
  }
  return out;
}

}  // namespace molecule::protobuf
