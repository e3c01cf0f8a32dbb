// Reading what a server answers: the head of a response and how its body is cut out of the bytes.
// As strict as the reading of requests, because an answer that two programs cut differently lets
// one agent's bytes become another's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/chunked.h"
#include "platform/http/message.h"

namespace molecule::http {

inline constexpr std::size_t answer_head_max = 32u << 10;
inline constexpr std::size_t answer_headers_max = 128;

struct AnswerHead {
  enum class Framing : std::uint8_t { none, length, chunked, until_close };
  int status = 0;
  Framing framing = Framing::none;
  std::uint64_t length = 0;  // For Framing::length.
  bool keep_alive = true;    // What the head says; the body may still forbid it.
};

// Reads a whole head, the empty line included, as the answer to a request of `method`. nullopt: not
// a head of HTTP/1.x, or one that leaves room for two readings (both framings, doubled framing
// headers, a coding other than chunked, folded lines, bare line ends, control characters).
std::optional<AnswerHead> read_answer_head(std::string_view head, Method method);

// The first header of that name in a head that was read, trimmed; compared without case.
std::optional<std::string_view> header_in(std::string_view head, std::string_view name);

// Takes the body out of bytes that arrive piece by piece.
class AnswerBody {
 public:
  enum class State : std::uint8_t { more, done, bad, too_large };

  AnswerBody() : chunked_(0) {}
  AnswerBody(const AnswerHead& head, std::size_t body_max);

  State state() const { return state_; }
  // Appends data to `out` and removes from `text` what was used. After done, what is left in `text`
  // belongs to nobody.
  State read(std::string_view& text, std::string& out);
  // The peer has ended its side. Done only for a body that ends with the connection.
  State end();
  // Bytes of a body with a known length that are still to come; 0 for the other kinds.
  std::size_t left() const;
  // Says that `bytes` of left() were placed by the caller itself.
  State placed(std::size_t bytes);

 private:
  AnswerHead::Framing framing_ = AnswerHead::Framing::none;
  State state_ = State::done;
  std::size_t left_ = 0;  // Of the length, or of what may still come until the close.
  ChunkedReader chunked_;
};

}  // namespace molecule::http
