// Whatever bytes arrive, parsing ends in a document or a Fault; what it accepted, it writes in a
// form it accepts again, and writes the same way if it holds no fractions: those are read to within
// one unit in the last place, so they may take a second reading to settle.
#include "platform/json/json.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/fault.h"

namespace {

using namespace molecule;

bool holds_fractions(json::Node node) {
  switch (node.type()) {
    case json::Type::number: return true;
    case json::Type::array:
      for (std::size_t i = 0; i < node.size(); ++i) {
        if (holds_fractions(node.at(i))) return true;
      }
      return false;
    case json::Type::object:
      for (std::size_t i = 0; i < node.size(); ++i) {
        if (holds_fractions(node.value_at(i))) return true;
      }
      return false;
    case json::Type::null:
    case json::Type::boolean:
    case json::Type::integer:
    case json::Type::string: return false;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  json::Limits limits;
  limits.bytes = 1u << 16;
  limits.depth = 32;
  limits.members = 4096;
  std::string once;
  bool comparable = false;
  try {
    const auto document = json::Document::parse(text, limits);
    once = document.root().text();
    comparable = !holds_fractions(document.root());
  } catch (const Fault&) {
    return 0;
  }
  // Escapes may make the text longer than what was read, so the second reading has room. It must
  // not be refused: a Fault here escapes and ends the run.
  json::Limits roomy = limits;
  roomy.bytes = 1u << 20;
  const auto twice = json::Document::parse(once, roomy).root().text();
  if (comparable && once != twice) std::abort();
  return 0;
}
