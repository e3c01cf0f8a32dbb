// YAML as people write it: one document, read into a tree whose nodes know where they stand, so
// that whoever reads a value can say which one is wrong. Scalars stay texts; their reader knows
// what they should be.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace molecule::yaml {

struct Limits {
  std::size_t bytes = 1u << 20;
  std::size_t nodes = 100'000;   // With the copies that aliases are.
  std::size_t texts = 4u << 20;  // Bytes of all scalars, with those copies.
  std::size_t depth = 64;
};

struct Node {
  enum class Kind : std::uint8_t { nothing, scalar, list, map };
  Kind kind = Kind::nothing;
  int line = 0;                    // From 1; 0: nowhere.
  int column = 0;                  // From 1.
  std::string text;                // Of a scalar.
  bool quoted = false;             // A scalar that was written as a text.
  std::vector<Node> items;         // Of a list, or the values of a map.
  std::vector<std::string> names;  // Of a map: those of its values.

  bool is(Kind other) const { return kind == other; }
  // A map's member; null where there is none, and where this is no map.
  const Node* find(std::string_view name) const;
  // true, yes, on and their opposites; nothing for other scalars and for no scalar.
  std::optional<bool> boolean() const;
  std::optional<std::int64_t> integer() const;
  // "line 3, column 5".
  std::string place() const;
};

// An empty text is a node of nothing. Throws Fault bad_request `invalid_yaml`, whose sentence
// begins with the place.
Node parse(std::string_view text, const Limits& limits = {});

}  // namespace molecule::yaml
