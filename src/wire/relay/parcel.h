// What the messages of a relay travel in where something on the way takes no WebSockets: bodies of
// HTTP requests and of their answers. A parcel is any number of messages, each as one letter, its
// length as four bytes, highest first, and its bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/fault.h"
#include "base/fields.h"

namespace molecule::relay {

constexpr std::size_t parcel_message_max = 64u << 10;  // Bytes of a message.
constexpr std::size_t parcel_max = 512u << 10;         // Bytes of a parcel.
// How long a request for a parcel is held while there is nothing to put in. Below what a proxy
// between the two is patient for.
constexpr std::int64_t parcel_wait_seconds = 20;

struct ParcelMessage {
  enum class Kind : char { text = 't', binary = 'b', close = 'c' } kind = Kind::text;
  std::string bytes;  // Of a close: its code as two bytes, highest first, and why.
  bool operator==(const ParcelMessage&) const = default;
};

inline void pack(std::string& parcel, ParcelMessage::Kind kind, std::string_view bytes) {
  parcel += static_cast<char>(kind);
  const auto size = static_cast<std::uint32_t>(bytes.size());
  for (int shift = 24; shift >= 0; shift -= 8) parcel += static_cast<char>(size >> shift & 0xff);
  parcel += bytes;
}

// A parcel that is read message by message: what is not read yet is kept as it came, since the
// smallest message is five bytes in it and many times that outside.
class ParcelReader {
 public:
  // Throws Fault bad_request `parcel_invalid`.
  explicit ParcelReader(std::string parcel) : parcel_(std::move(parcel)) {
    for (std::size_t at = 0; at < parcel_.size(); at += head_size + size_at(at)) {
      const char kind = parcel_[at];
      const bool known = kind == 't' || kind == 'b' || kind == 'c';
      if (!known || parcel_.size() - at < head_size)
        throw bad_request("parcel_invalid", "this is no parcel of messages");
      const std::size_t size = size_at(at);
      if (size > parcel_message_max || size > parcel_.size() - at - head_size)
        throw bad_request("parcel_invalid", "a message of the parcel is longer than it may be");
    }
  }

  bool done() const { return at_ == parcel_.size(); }
  std::size_t left() const { return parcel_.size() - at_; }  // In bytes.
  // While it is not done.
  ParcelMessage next() {
    const std::size_t size = size_at(at_);
    ParcelMessage message{static_cast<ParcelMessage::Kind>(parcel_[at_]),
                          parcel_.substr(at_ + head_size, size)};
    at_ += head_size + size;
    return message;
  }

 private:
  static constexpr std::size_t head_size = 5;
  std::size_t size_at(std::size_t at) const {
    std::size_t size = 0;
    for (std::size_t i = 1; i < head_size; ++i)
      size = size << 8 | static_cast<unsigned char>(parcel_[at + i]);
    return size;
  }

  std::string parcel_;
  std::size_t at_ = 0;
};

inline std::string close_bytes(std::uint16_t code, std::string_view why) {
  std::string bytes;
  bytes += static_cast<char>(code >> 8);
  bytes += static_cast<char>(code & 0xff);
  bytes += why;
  return bytes;
}
inline std::uint16_t close_code(std::string_view bytes) {
  if (bytes.size() < 2) return 0;
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 |
                                    static_cast<unsigned char>(bytes[1]));
}

inline std::string_view close_reason(std::string_view bytes) {
  return bytes.size() < 2 ? std::string_view() : bytes.substr(2);
}

// The answer to whoever begins: in whose name the parcels go.
struct PollBegun {
  std::string poll;
  std::int64_t wait_seconds = parcel_wait_seconds;
};
BOOST_DESCRIBE_STRUCT(PollBegun, (), (poll, wait_seconds))

}  // namespace molecule::relay
