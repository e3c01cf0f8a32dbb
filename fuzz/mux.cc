// What one message of a relay holds is frames that are written again as the same bytes, and a
// session that is fed with whatever comes stays within its bounds. The bytes are messages, each
// behind its size in two bytes; the first byte says which side reads them and what is cut off.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fault.h"
#include "platform/io/loop.h"
#include "platform/mux/frames.h"
#include "platform/mux/session.h"

namespace {

using namespace molecule;

constexpr mux::Bounds bounds{
    .window = 4096, .opened_max = 4, .opens_max = 4, .kept_max = 8192, .message_max = 4096};

// False for what breaks the rules.
bool frames_come_back(std::string_view message) {
  mux::FrameReader reader(message);
  std::string again;
  try {
    while (auto frame = reader.next()) {
      if (frame->payload.size() > mux::payload_max) std::abort();
      mux::append_frame(again, frame->type, frame->stream, frame->payload);
    }
  } catch (const Fault&) {
    return false;
  }
  if (again != message) std::abort();
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const unsigned how = data[0];
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  io::Loop loop;
  std::vector<std::unique_ptr<net::Stream>> opened;
  mux::Session session(
      loop, (how & 1) != 0 ? mux::Side::platform : mux::Side::agent, "somebody", true,
      [&](std::unique_ptr<net::Stream> stream) { opened.push_back(std::move(stream)); }, bounds);
  auto transport = session.attach(0);
  std::vector<std::unique_ptr<net::Stream>> ours;
  for (unsigned i = 0; i < (how >> 1 & 3); ++i) ours.push_back(session.open());
  while (transport && text.size() >= 2) {
    const std::size_t length =
        static_cast<unsigned char>(text[0]) << 8U | static_cast<unsigned char>(text[1]);
    const std::string_view message = text.substr(2, length);
    text.remove_prefix(2 + message.size());
    const bool whole = frames_come_back(message);
    try {
      if (!session.incoming(*transport, message)) break;
      if (!whole) std::abort();
    } catch (const Fault& fault) {
      if (fault.code() != "mux_broken") std::abort();
      session.end("mux_broken");
      break;
    }
    if (session.bytes_kept() > bounds.kept_max) std::abort();
    if (session.streams() > bounds.opened_max + bounds.opens_max) std::abort();
    if ((how & 8) != 0 && !opened.empty()) opened.erase(opened.begin());
    if ((how & 16) != 0) {  // The connection breaks, and the other side says what it has.
      session.detach(*transport);
      transport = session.attach(static_cast<std::uint64_t>(message.size() % 4));
    }
    loop.poll();
  }
  opened.clear();
  ours.clear();
  session.end();
  loop.poll();
  return 0;
}
