// As much of HTTP/2 and gRPC as one unary call at a time over a connection takes: headers are sent
// as they are, those of an answer are not read. A call that has brought a message and trailers
// counts as answered, one that has brought trailers alone as refused.

#pragma once

#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>

#include "measuring.h"
#include "request.h"

class GrpcConnection {
 public:
  // What a client says first: that it takes as much as there may be on the connection.
  static std::string greeting() {
    std::string out = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    append_frame(out, Type::settings, 0, 0, {});
    append_frame(out, Type::window_update, 0, 0, std::string_view("\x3f\xff\x00\x00", 4));
    return out;
  }

  // `headers`: a block of append_header.
  void ask(std::string& out, std::string_view headers, std::string_view message) {
    stream_ += 2;
    has_message_ = ended_ = false;
    append_frame(out, Type::headers, end_headers, stream_, headers);
    std::string data(1, '\0');
    append_number(data, static_cast<std::uint32_t>(message.size()), 4);
    data += message;
    append_frame(out, Type::data, end_stream, stream_, data);
  }

  // Takes whole frames and answers how many bytes they are; ends behind those of the call. What has
  // to be said at once goes to `reply`.
  std::size_t take(std::string_view in, std::string& reply) {
    std::size_t taken = 0;
    while (!ended_ && in.size() - taken >= head_size) {
      const auto head = in.substr(taken, head_size);
      const auto size = number(head.substr(0, 3));
      if (in.size() - taken - head_size < size) break;
      frame(static_cast<Type>(head[3]), static_cast<std::uint8_t>(head[4]), number(head.substr(5)),
            in.substr(taken + head_size, size), reply);
      taken += head_size + size;
    }
    return taken;
  }

  bool ended() const { return ended_; }
  bool refused() const { return !has_message_; }
  // The last headers as they came.
  const std::string& trailers() const { return trailers_; }

  static void append_header(std::string& out, std::string_view name, std::string_view value) {
    out += '\0';  // A literal that is not remembered, with a name of its own.
    append_text(out, name);
    append_text(out, value);
  }

 private:
  enum class Type : std::uint8_t {
    data = 0,
    headers = 1,
    reset = 3,
    settings = 4,
    ping = 6,
    go_away = 7,
    window_update = 8
  };
  static constexpr std::size_t head_size = 9;
  static constexpr std::uint8_t end_stream = 1, ack = 1, end_headers = 4;

  static void append_number(std::string& out, std::uint32_t value, int bytes) {
    while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes) & 255);
  }
  static std::uint32_t number(std::string_view bytes) {
    std::uint32_t value = 0;
    for (const char byte : bytes) value = value << 8 | static_cast<std::uint8_t>(byte);
    return value;
  }
  static void append_frame(std::string& out, Type type, std::uint8_t flags, std::uint32_t stream,
                           std::string_view payload) {
    append_number(out, static_cast<std::uint32_t>(payload.size()), 3);
    out += static_cast<char>(type);
    out += static_cast<char>(flags);
    append_number(out, stream, 4);
    out += payload;
  }
  // Its length as a number that begins in seven bits.
  static void append_text(std::string& out, std::string_view text) {
    auto left = text.size();
    if (left < 127) {
      out += static_cast<char>(left);
    } else {
      out += '\x7f';
      for (left -= 127; left >= 128; left /= 128) out += static_cast<char>(left % 128 + 128);
      out += static_cast<char>(left);
    }
    out += text;
  }

  void frame(Type type, std::uint8_t flags, std::uint32_t stream, std::string_view payload,
             std::string& reply) {
    if (type == Type::go_away) die("the server ends a connection: " + std::string(payload));
    if (type == Type::settings && (flags & ack) == 0) append_frame(reply, type, ack, 0, {});
    if (type == Type::ping && (flags & ack) == 0) append_frame(reply, type, ack, 0, payload);
    if (stream != stream_) return;
    if (type == Type::data && payload.size() > 5) has_message_ = true;
    if (type == Type::headers) trailers_ = payload;
    if (type == Type::data || type == Type::headers) ended_ = (flags & end_stream) != 0;
    if (type == Type::reset) ended_ = true;
  }

  std::uint32_t stream_ = UINT32_MAX;  // The first is 1.
  bool has_message_ = false;
  bool ended_ = false;
  std::string trailers_;
};

// The headers and the message of a request file: a header a line, its name and its value with a
// space between them, an empty line, and the message, whose "{id}" takes as many bytes as its
// lengths say.
class GrpcRequest {
 public:
  GrpcRequest() = default;
  explicit GrpcRequest(const std::string& text) {
    const auto cut = text.find("\n\n");
    if (cut == text.npos) die("the request file needs an empty line after its headers");
    std::istringstream lines(text.substr(0, cut));
    for (std::string line; std::getline(lines, line);) {
      const auto space = std::min(line.find(' '), line.size() - 1);
      GrpcConnection::append_header(headers_, line.substr(0, space), line.substr(space + 1));
    }
    message_ = Template(std::string_view(text).substr(cut + 2));
  }
  void fill(GrpcConnection& connection, std::string& out, std::string_view id) {
    filled_.clear();
    message_.fill(filled_, id, nullptr);
    connection.ask(out, headers_, filled_);
  }

 private:
  std::string headers_;
  Template message_;
  std::string filled_;
};
