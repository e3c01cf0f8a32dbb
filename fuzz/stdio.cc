// Lines of a client are the same in every split of their bytes; none is longer than it may be, and
// what is read of a message can be answered.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base/fault.h"
#include "mcp/line_reader.h"
#include "wire/mcp/message.h"

namespace {

using namespace molecule;

constexpr std::size_t line_max = 300;

struct Heard {
  std::vector<std::string> lines;
  std::size_t too_long = 0;
  bool operator==(const Heard&) const = default;
};

Heard heard(std::string_view bytes, std::size_t step) {
  Heard out;
  mcp::LineReader reader(line_max, {[&](std::string line) { out.lines.push_back(std::move(line)); },
                                    [&] { ++out.too_long; }});
  while (!bytes.empty()) {
    reader.take(bytes.substr(0, step));
    bytes.remove_prefix(step < bytes.size() ? step : bytes.size());
  }
  reader.finish();
  return out;
}

// An id or a member goes into an answer as it is.
void require_json(const std::string& text) {
  try {
    json::Document::parse(text, mcp::message_limits);
  } catch (const Fault&) {
    std::abort();
  }
}

void read_one(json::Node node) {
  for (const mcp::Era era : {mcp::Era::either, mcp::Era::stateless}) {
    const auto read = mcp::read_message(node, era);
    if (const auto* refused = std::get_if<mcp::Refused>(&read)) {
      require_json(refused->id);
      if (!refused->data.empty()) require_json(refused->data);
      if (refused->code == 0 || refused->why.empty()) std::abort();
    } else if (const auto& message = std::get<mcp::Message>(read);
               message.kind == mcp::Message::Kind::request) {
      require_json(message.id);
      if (message.params && !message.params.is(json::Type::object)) std::abort();
    }
  }
  mcp::revision_in(node);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Heard whole = heard(bytes, bytes.size() + 1);
  if (heard(bytes, 1 + data[0] % 32) != whole) std::abort();
  for (const std::string& line : whole.lines) {
    if (line.size() > line_max || line.find('\n') != std::string::npos) std::abort();
    try {
      const json::Document document = json::Document::parse(line, mcp::message_limits);
      const json::Node root = document.root();
      if (!root.is(json::Type::array)) read_one(root);
      for (std::size_t i = 0; root.is(json::Type::array) && i < root.size(); ++i)
        read_one(root.at(i));
    } catch (const Fault&) {
      // No JSON.
    }
  }
  return 0;
}
