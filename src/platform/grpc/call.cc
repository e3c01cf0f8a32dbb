#include "platform/grpc/call.h"

#include <algorithm>

#include "platform/grpc/state.h"
#include "platform/http/syntax.h"

namespace molecule::grpc {
namespace {

constexpr std::size_t head_size = 5;  // Packed or not, and four bytes of length.

Fault packed() {
  return {Kind::unprocessable, "unsupported_coding",
          "messages are taken as they are: grpc-encoding identity"};
}

}  // namespace

void require_call(const http::Request& request) {
  const auto type = request.header("content-type");
  // application/grpc, application/grpc+proto; of other messages there are no tables.
  const std::string_view given = type ? type->substr(0, type->find(';')) : std::string_view();
  if (given != media && given != "application/grpc+proto")
    throw bad_request("unsupported_media_type", "calls are application/grpc, with protobuf");
  const auto coding = request.header("grpc-encoding");
  if (coding && !coding->empty() && *coding != "identity") throw packed();
}

std::string_view message_in(std::string_view body) {
  if (body.size() < head_size) throw bad_request("bad_message", "the message is cut short");
  if (body[0] == 1) throw packed();
  if (body[0] != 0) throw bad_request("bad_message", "the message begins as none does");
  std::size_t size = 0;
  for (std::size_t i = 1; i < head_size; ++i) size = size << 8 | static_cast<std::uint8_t>(body[i]);
  body.remove_prefix(head_size);
  if (size != body.size())
    throw bad_request("bad_message", "one message is taken, as long as it says");
  return body;
}

void append_message(std::string& out, std::string_view message) {
  out += '\0';
  for (int shift : {24, 16, 8, 0}) out += static_cast<char>(message.size() >> shift & 0xff);
  out += message;
}

std::optional<std::chrono::nanoseconds> patience_of(const http::Request& request) {
  using namespace std::chrono;
  constexpr std::size_t digits_max = 8;
  const auto text = request.header("grpc-timeout");
  if (!text || text->size() < 2 || text->size() > digits_max + 1) return std::nullopt;
  std::int64_t count = 0;
  for (char c : text->substr(0, text->size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    count = count * 10 + (c - '0');
  }
  switch (text->back()) {
    // Longer than anything is waited for; hours of eight digits have no nanoseconds.
    case 'H': return hours(std::min<std::int64_t>(count, 24 * 365));
    case 'M': return minutes(std::min<std::int64_t>(count, 24 * 365 * 60));
    case 'S': return seconds(count);
    case 'm': return milliseconds(count);
    case 'u': return microseconds(count);
    case 'n': return nanoseconds(count);
    default: return std::nullopt;
  }
}

}  // namespace molecule::grpc
