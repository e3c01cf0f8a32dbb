// What a message of Protocol Buffers is made of, as data: one table says how it stands in JSON and
// how in bytes, and both ways between them read it. Names are those of ProtoJSON.
//
//   constexpr protobuf::Field part_fields[] = {text(1, "text"), object(5, "metadata")};
//   constexpr protobuf::Message part{part_fields};
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace molecule::protobuf {

struct Message;

struct Field {
  enum class Kind : std::uint8_t {
    text,
    bytes,  // Base64 in JSON.
    boolean,
    int32,
    choice,  // An enum: its names are told in JSON.
    message,
    object,  // google.protobuf.Struct: any object.
    value,   // google.protobuf.Value: anything.
    time,    // google.protobuf.Timestamp.
  };
  enum class Times : std::uint8_t { once, many, by_name };  // by_name: a map with texts as keys.

  std::uint32_t number;
  std::string_view name;
  Kind kind;
  Times times = Times::once;
  const Message* message = nullptr;                // Of Kind::message.
  std::span<const std::string_view> choices = {};  // By number.
};

struct Message {
  std::span<const Field> fields;
};

constexpr Field text(std::uint32_t number, std::string_view name) {
  return {number, name, Field::Kind::text};
}
constexpr Field bytes(std::uint32_t number, std::string_view name) {
  return {number, name, Field::Kind::bytes};
}
constexpr Field boolean(std::uint32_t number, std::string_view name) {
  return {number, name, Field::Kind::boolean};
}
constexpr Field int32(std::uint32_t number, std::string_view name) {
  return {number, name, Field::Kind::int32};
}
constexpr Field choice(std::uint32_t number, std::string_view name,
                       std::span<const std::string_view> choices) {
  return {number, name, Field::Kind::choice, Field::Times::once, nullptr, choices};
}
constexpr Field part(std::uint32_t number, std::string_view name, const Message& message) {
  return {number, name, Field::Kind::message, Field::Times::once, &message};
}
constexpr Field object(std::uint32_t number, std::string_view name) {
  return {number, name, Field::Kind::object};
}
constexpr Field value(std::uint32_t number, std::string_view name) {
  return {number, name, Field::Kind::value};
}
constexpr Field time(std::uint32_t number, std::string_view name) {
  return {number, name, Field::Kind::time};
}
constexpr Field many(Field of) {
  of.times = Field::Times::many;
  return of;
}
constexpr Field by_name(Field of) {
  of.times = Field::Times::by_name;
  return of;
}

}  // namespace molecule::protobuf
