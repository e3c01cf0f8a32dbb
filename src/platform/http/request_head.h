// Reading a request's head. Strict on purpose: two parties that read the same bytes differently is
// how requests are smuggled, so whatever RFC 9112 leaves to taste is refused. Nothing is copied;
// the Request's views point into the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "platform/http/message.h"

namespace molecule::http {

inline constexpr std::size_t head_max = 16u
                                        << 10;  // Request line and headers, with their line ends.
inline constexpr std::size_t target_max = 8u << 10;
inline constexpr std::size_t headers_max = 64;

// How the rest of the request is cut out of the bytes.
struct Framing {
  bool keep_alive = true;
  bool chunked = false;
  bool expects_continue = false;
  bool upgrade = false;  // Connection names Upgrade.
  bool http10 = false;
  bool has_length = false;
  std::uint64_t length = 0;  // Content-Length, 0 without one.
  bool asterisk = false;     // OPTIONS *
};

// Why a head is refused. The connection is closed afterwards: where it ends is not known.
struct HeadError {
  int status = 400;
  std::string_view code = "bad_request";
  std::string_view text;
};

// Finds the end of a head in bytes that arrive bit by bit.
class HeadScanner {
 public:
  enum class Found { more, head, bad_line_end, too_large };
  // `text` is all that has arrived so far. After head, size() is where the body begins.
  Found scan(std::string_view text);
  std::size_t size() const { return line_; }
  void reset() { line_ = at_ = 0; }

 private:
  std::size_t line_ = 0;  // Where the current line begins.
  std::size_t at_ = 0;    // Everything before has been looked at.
};

// Reads a whole head, its empty line included, into `request` (method, path, query, headers, host;
// the headers' capacity is reused) and `framing`. Sets nothing else. Any thread.
std::optional<HeadError> parse_head(std::string_view head, Request& request, Framing& framing);

}  // namespace molecule::http
