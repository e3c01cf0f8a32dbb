// JSON text that passes through untouched: agent cards, message bodies, replies. Valid and compact
// by construction (the JSON reader made it, or our own writer did). Empty means absent.
#pragma once

#include <string>
#include <utility>

namespace molecule {

struct RawJson {
  std::string text;

  RawJson() = default;
  explicit RawJson(std::string valid) : text(std::move(valid)) {}
  bool empty() const { return text.empty(); }
  friend bool operator==(const RawJson&, const RawJson&) = default;
};

// As RawJson, of what must be an object.
struct RawObject : RawJson {
  using RawJson::RawJson;
};

}  // namespace molecule
