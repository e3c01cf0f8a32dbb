// What a call of gRPC brings is read as the message of any method or refused; what was read becomes
// bytes again, and those read the same. The first byte says which method.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/fault.h"
#include "platform/json/json.h"
#include "platform/protobuf/bytes_of.h"
#include "platform/protobuf/json_of.h"
#include "wire/a2a/rpc.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace molecule;
  constexpr std::string_view methods[] = {"SendMessage", "ListTasks",
                                          "CreateTaskPushNotificationConfig", "CancelTask"};
  if (size == 0) return 0;
  const a2a::Rpc* rpc = a2a::rpc_of(methods[data[0] % 4]);
  const protobuf::Message& form = (data[0] & 4) != 0 ? *rpc->answers : *rpc->asks;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    const std::string text = protobuf::json_of(bytes, form);
    const json::Document document =
        json::Document::parse(text, {.depth = 256, .nul = json::Nul::kept});
    const std::string again = protobuf::bytes_of(document.root(), form);
    if (protobuf::json_of(again, form) != text) std::abort();
  } catch (const Fault&) {
    // Two members of one name are bytes, but no JSON.
  }
  return 0;
}
