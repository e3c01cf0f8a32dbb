// What others wrote as JSON, read without trusting its types.
#pragma once

#include <string>
#include <string_view>

#include "platform/json/json.h"

namespace molecule::mcp {

// A text member; empty where it is not there, or is something else.
inline std::string text_of(json::Node object, std::string_view name) {
  const json::Node found = object.find(name);
  return found.is(json::Type::string) ? std::string(found.string()) : std::string();
}

}  // namespace molecule::mcp
