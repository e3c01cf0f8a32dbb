// The frames of RFC 6455 §5 as bytes. No sockets here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace molecule::http {

enum class Op : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

// Appends one whole frame. With `mask` (clients) the payload is masked by it.
void append_frame(std::string& out, Op op, std::string_view payload,
                  const std::array<std::uint8_t, 4>* mask = nullptr);

// The head alone, of a frame without a mask whose payload is sent from elsewhere.
void append_frame_head(std::string& out, Op op, std::size_t size);

// Joins frames into messages from bytes that arrive bit by bit.
class FrameReader {
 public:
  enum class Event {
    more,     // All bytes were used; nothing is complete.
    message,  // message() and op() hold a whole text or binary message.
    ping,     // control() is its payload.
    pong,
    close,  // control() is its payload, checked: empty or a code and UTF-8.
    error,  // error_code() and error_reason() are what the peer is told; nothing more is read.
  };
  // Frames of one message without an end: a peer that only adds more is not saying anything.
  static constexpr std::size_t fragments_max = 1024;

  // `masked`: frames must be masked (a server reads) or must not be (a client reads).
  FrameReader(bool masked, std::size_t message_max) : masked_(masked), message_max_(message_max) {}

  // Uses bytes from the beginning of `bytes` and removes them, until something is complete. The
  // previous message is forgotten by the next call.
  Event read(std::string_view& bytes);

  Op op() const { return op_; }
  std::string& message() { return message_; }
  const std::string& control() const { return control_; }
  std::uint16_t error_code() const { return error_; }
  std::string_view error_reason() const { return reason_; }
  bool inside() const { return header_have_ > 0 || joining_; }  // In the middle of something.

 private:
  Event header_done();
  Event frame_done();
  Event fail(std::uint16_t code, std::string_view reason) {  // A literal.
    error_ = code;
    reason_ = reason;
    return Event::error;
  }

  bool masked_;
  std::size_t message_max_;
  std::array<std::uint8_t, 14> header_{};
  std::size_t header_have_ = 0;
  std::size_t header_need_ = 2;
  bool in_payload_ = false;
  bool final_ = false;
  Op frame_ = Op::text;
  std::uint64_t left_ = 0;
  std::array<std::uint8_t, 4> mask_{};
  std::size_t mask_at_ = 0;
  bool joining_ = false;       // Between the fragments of a message.
  std::size_t fragments_ = 0;  // Of it.
  bool delivered_ = false;
  Op op_ = Op::text;
  std::string message_;
  std::string control_;
  std::uint16_t error_ = 0;
  std::string_view reason_;
};

}  // namespace molecule::http
