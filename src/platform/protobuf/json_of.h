// A message's bytes as ProtoJSON. Fields that the table does not know are left out, as every reader
// of the protocol does.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "platform/protobuf/schema.h"

namespace molecule::protobuf {

struct Bounds {
  std::size_t depth = 64;         // Messages, objects and lists within each other.
  std::size_t members = 100'000;  // Fields in all.
  std::size_t bytes = 16u << 20;  // Of the JSON.
};

// Throws Fault bad_request `bad_message` for bytes that are none, texts that are not UTF-8 and what
// passes a bound, and too_large `body_too_large` for more JSON than `bounds.bytes`. A top-level
// field named `without` is left out.
std::string json_of(std::string_view bytes, const Message& message, std::string_view without = {},
                    const Bounds& bounds = {});

// What a top-level field of Kind::text holds; nothing when it is not there. Throws the same.
std::optional<std::string> text_in(std::string_view bytes, std::uint32_t number);

}  // namespace molecule::protobuf
