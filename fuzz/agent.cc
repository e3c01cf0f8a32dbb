// Whatever an agent's program prints is read without harm, and what is taken from it is in it.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "agent/failures.h"
#include "agent/rpc_lines.h"
#include "agent/stream_json_lines.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace molecule::agent;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const StreamJsonLine line = read_stream_json(text);
  if (line.kind == StreamJsonLine::Kind::other && !line.text.empty()) std::abort();
  if (line.text.size() > size || line.id.size() > size) std::abort();
  const auto message = RpcLine::read(text);
  if (!message) return 0;
  const bool asks = message->kind() == RpcLine::Kind::request;
  const bool tells = message->kind() == RpcLine::Kind::notification;
  if ((asks || tells) == message->method().empty() && !message->method().empty()) std::abort();
  if (tells != message->id().empty()) std::abort();
  text_at(message->body(), "update.content.text");
  failure_in(0, text_at(message->body(), "message"));
  return 0;
}
