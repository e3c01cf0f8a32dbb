// Whatever bytes arrive, parsing ends in a document or a Fault; what it accepted, it writes in a
// form it accepts again and writes the same way: numbers keep their digits.
#include "platform/json/json.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/fault.h"

using namespace molecule;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  json::Limits limits;
  limits.bytes = 1u << 16;
  limits.depth = 32;
  limits.members = 4096;
  std::string once;
  try {
    once = json::Document::parse(text, limits).root().text();
  } catch (const Fault&) {
    return 0;
  }
  // Escapes may make the text longer than what was read, so the second reading has room. It must
  // not be refused: a Fault here escapes and ends the run.
  json::Limits roomy = limits;
  roomy.bytes = 1u << 20;
  const auto twice = json::Document::parse(once, roomy).root().text();
  if (once != twice) std::abort();
  return 0;
}
