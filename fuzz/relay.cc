// A beginning of a relay that is understood is written as one that means the same. The first byte
// says which message it is.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/fault.h"
#include "platform/json/json.h"
#include "wire/relay/handshake.h"
#include "wire/relay/parcel.h"

namespace {

using namespace molecule;

template <class Message>
void read(std::string_view text) {
  std::string written;
  try {
    written = json::text(json::read<Message>(text));
  } catch (const Fault&) {
    return;
  }
  if (json::text(json::read<Message>(written)) != written) std::abort();
}

// What is understood is packed as it came.
void read_parcel(std::string_view text) {
  std::string packed;
  try {
    for (const auto& message : relay::unpacked(text))
      relay::pack(packed, message.kind, message.bytes);
  } catch (const Fault&) {
    return;
  }
  if (packed != text) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0: read<relay::Hello>(text); break;
    case 1: read<relay::Challenge>(text); break;
    case 2: read<relay::Proof>(text); break;
    case 3: read<relay::Welcome>(text); break;
    default: read_parcel(text); break;
  }
  return 0;
}
