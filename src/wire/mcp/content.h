// What a tool says and a resource holds besides words: files, as a revision knows them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace molecule::mcp {

// A file, or where it is read when it is too large to be told along.
struct Enclosed {
  std::string uri;  // As resources/read takes it.
  std::string name;
  std::string media_type;
  std::optional<std::string> text = {};    // Its words, when it has some,
  std::optional<std::string> base64 = {};  // else its bytes.
};

// As an item of a result, JSON; empty where the revision knows none for it.
std::string item_of(const Enclosed& file, std::string_view revision);
// As the contents of a resource, JSON.
std::string contents_of(const Enclosed& file);

}  // namespace molecule::mcp
