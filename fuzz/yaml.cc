// A text is refused with its place, or is a tree within its bounds.
#include "platform/yaml/yaml.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/fault.h"

namespace {

std::size_t nodes_in(const molecule::yaml::Node& node) {
  std::size_t all = 1;
  for (const auto& item : node.items) all += nodes_in(item);
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace molecule;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  yaml::Limits limits;
  limits.nodes = 1000;
  try {
    const yaml::Node root = yaml::parse(text, limits);
    if (nodes_in(root) > limits.nodes + 1) std::abort();
  } catch (const Fault& fault) {
    if (fault.code() != "invalid_yaml" || !fault.text().starts_with("line ")) std::abort();
  }
  return 0;
}
