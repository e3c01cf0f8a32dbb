// The frames of a multiplexed connection as bytes: a type, a stream and a payload. What carries
// them (a WebSocket message, the body of a long poll) holds one or more, whole. Big-endian:
//
//   type 1 byte | stream 4 bytes | size of the payload 4 bytes | payload
//
// Frames below `acknowledged` are numbered by counting, in both directions from 1, over all
// transports of a session; the others belong to the transport alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace molecule::mux {

enum class Type : std::uint8_t {
  open = 1,    // A stream begins. No payload.
  data = 2,    // Its next bytes, at least one.
  end = 3,     // Its sender sends no more. No payload.
  reset = 4,   // It is over in both directions. No payload.
  credit = 5,  // So many bytes more may be sent: 4 bytes.

  acknowledged = 16,  // How many numbered frames have arrived: 8 bytes. Stream 0.
  goodbye = 17,       // The sender ends the session for good; a text for people. Stream 0.
};

constexpr std::size_t frame_head_size = 9;
constexpr std::size_t payload_max = 16u << 10;

struct Frame {
  Type type = Type::open;
  std::uint32_t stream = 0;
  std::string_view payload;  // Into what was read.
};

// Whether the frame counts towards what is acknowledged.
constexpr bool numbered(Type type) { return type < Type::acknowledged; }

void append_frame(std::string& out, Type type, std::uint32_t stream, std::string_view payload = {});
// Payloads that are numbers.
std::string number_payload(std::uint32_t number);
std::string number_payload(std::uint64_t number);

// Reads what one message holds, frame by frame.
class FrameReader {
 public:
  explicit FrameReader(std::string_view message) : left_(message) {}
  // Nothing at the end. Throws Fault bad_request `mux_broken` for what is no whole frame, an
  // unknown type, or a payload that its type does not have.
  std::optional<Frame> next();

 private:
  std::string_view left_;
};

std::uint32_t read_u32(std::string_view payload);
std::uint64_t read_u64(std::string_view payload);

}  // namespace molecule::mux
