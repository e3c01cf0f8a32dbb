#include "platform/http/websocket_frames.h"

#include <algorithm>

#include "platform/http/message.h"
#include "platform/http/syntax.h"

namespace molecule::http {

namespace {
void append_head(std::string& out, Op op, std::uint64_t length,
                 const std::array<std::uint8_t, 4>* mask) {
  std::array<char, 14> header;
  std::size_t size = 2;
  header[0] = static_cast<char>(0x80 | static_cast<unsigned>(op));
  unsigned masked = mask ? 0x80 : 0;
  if (length < 126) {
    header[1] = static_cast<char>(masked | length);
  } else if (length < 0x10000) {
    header[1] = static_cast<char>(masked | 126);
    header[2] = static_cast<char>(length >> 8);
    header[3] = static_cast<char>(length);
    size = 4;
  } else {
    header[1] = static_cast<char>(masked | 127);
    for (std::size_t i = 0; i < 8; ++i) header[2 + i] = static_cast<char>(length >> (56 - 8 * i));
    size = 10;
  }
  if (mask) {
    for (std::size_t i = 0; i < 4; ++i) header[size + i] = static_cast<char>((*mask)[i]);
    size += 4;
  }
  out.append(header.data(), size);
}
}  // namespace

void append_frame_head(std::string& out, Op op, std::size_t size) {
  append_head(out, op, size, nullptr);
}

void append_frame(std::string& out, Op op, std::string_view payload,
                  const std::array<std::uint8_t, 4>* mask) {
  append_head(out, op, payload.size(), mask);
  std::size_t at = out.size();
  out.append(payload);
  if (mask) {
    for (std::size_t i = 0; i < payload.size(); ++i) {
      out[at + i] = static_cast<char>(static_cast<unsigned char>(out[at + i]) ^ (*mask)[i & 3]);
    }
  }
}

std::string encode_frame(Frame::Opcode opcode, std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + 10);
  append_frame(out, opcode == Frame::Opcode::text ? Op::text : Op::binary, payload);
  return out;
}

FrameReader::Event FrameReader::read(std::string_view& bytes) {
  if (error_ != 0) return Event::error;
  if (delivered_) {
    message_.clear();
    delivered_ = false;
  }
  for (;;) {
    if (!in_payload_) {
      while (header_have_ < header_need_) {
        if (bytes.empty()) return Event::more;
        header_[header_have_++] = static_cast<std::uint8_t>(bytes.front());
        bytes.remove_prefix(1);
        if (header_have_ == 2) {
          std::size_t length = header_[1] & 0x7f;
          header_need_ = 2 +
                         (length == 126   ? 2U
                          : length == 127 ? 8U
                                          : 0U) +
                         ((header_[1] & 0x80) ? 4U : 0U);
        }
      }
      Event event = header_done();
      if (event == Event::error) return event;
      in_payload_ = true;
    }
    if (left_ > 0) {
      if (bytes.empty()) return Event::more;
      auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      std::string& into = static_cast<unsigned>(frame_) >= 8 ? control_ : message_;
      std::size_t at = into.size();
      into.append(bytes.substr(0, n));
      if (masked_) {
        for (std::size_t i = 0; i < n; ++i) {
          into[at + i] = static_cast<char>(static_cast<unsigned char>(into[at + i]) ^
                                           mask_[(mask_at_ + i) & 3]);
        }
        mask_at_ += n;
      }
      bytes.remove_prefix(n);
      left_ -= n;
      if (left_ > 0) return Event::more;
    }
    in_payload_ = false;
    header_have_ = 0;
    header_need_ = 2;
    Event event = frame_done();
    if (event != Event::more) return event;
  }
}

FrameReader::Event FrameReader::header_done() {
  unsigned first = header_[0];
  if ((first & 0x70) != 0)
    return fail(1002, "a reserved bit is set, and no extension was agreed upon");
  unsigned op = first & 0x0f;
  if (op > 10 || (op > 2 && op < 8)) return fail(1002, "an unknown kind of frame");
  frame_ = static_cast<Op>(op);
  final_ = (first & 0x80) != 0;
  if (((header_[1] & 0x80) != 0) != masked_)
    return fail(1002, masked_ ? "a frame is not masked" : "a frame is masked");
  std::size_t short_length = header_[1] & 0x7f;
  std::size_t at = 2;
  left_ = short_length;
  if (short_length == 126) {
    left_ = (static_cast<std::uint64_t>(header_[2]) << 8) | header_[3];
    if (left_ < 126) return fail(1002, "a length is not in its shortest form");
    at = 4;
  } else if (short_length == 127) {
    left_ = 0;
    for (std::size_t i = 0; i < 8; ++i) left_ = (left_ << 8) | header_[2 + i];
    if (left_ < 0x10000 || (left_ >> 63) != 0)
      return fail(1002, "a length is not in its shortest form");
    at = 10;
  }
  if (masked_) {
    for (std::size_t i = 0; i < 4; ++i) mask_[i] = header_[at + i];
    mask_at_ = 0;
  }
  if (op >= 8) {
    if (!final_ || left_ > 125)
      return fail(1002, "a control frame is in pieces or longer than 125 bytes");
    control_.clear();
    return Event::more;
  }
  if (frame_ == Op::continuation) {
    if (!joining_) return fail(1002, "a continuation of nothing");
    if (++fragments_ > fragments_max) return fail(1008, "too many fragments in one message");
  } else {
    if (joining_) return fail(1002, "a message begins inside another");
    op_ = frame_;
    joining_ = true;
    fragments_ = 1;
    message_.clear();
  }
  if (left_ > message_max_ - message_.size()) return fail(1009, "the message is too long");
  return Event::more;
}

FrameReader::Event FrameReader::frame_done() {
  switch (frame_) {
    case Op::ping: return Event::ping;
    case Op::pong: return Event::pong;
    case Op::close: {
      if (control_.empty()) return Event::close;
      if (control_.size() == 1) return fail(1002, "half a close code");
      unsigned code = static_cast<unsigned>(static_cast<unsigned char>(control_[0])) << 8 |
                      static_cast<unsigned char>(control_[1]);
      bool defined = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                     (code >= 3000 && code <= 4999);
      if (!defined) return fail(1002, "an undefined close code");
      if (!valid_utf8(std::string_view(control_).substr(2)))
        return fail(1007, "the close reason is not UTF-8");
      return Event::close;
    }
    case Op::continuation:
    case Op::text:
    case Op::binary: break;
  }
  if (!final_) return Event::more;
  joining_ = false;
  if (op_ == Op::text && !valid_utf8(message_)) return fail(1007, "the text is not UTF-8");
  delivered_ = true;
  return Event::message;
}

}  // namespace molecule::http
