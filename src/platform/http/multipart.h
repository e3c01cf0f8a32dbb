// Reading multipart/form-data (RFC 7578, RFC 2046 §5.1) as it comes, in any split of its bytes,
// with bounds of its own: of what a part says about itself, of the parts, of what stands before
// them.
//
//   MultipartReader parts(*boundary);
//   parts.take(bytes);
//   for (;;) switch (parts.next()) { … case Event::more: take more … }
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace molecule::http {

// Of a Content-Type header; nothing unless it is multipart/form-data with a usable boundary.
std::optional<std::string> multipart_boundary(std::string_view content_type);

class MultipartReader {
 public:
  static constexpr std::size_t parts_max = 64;
  static constexpr std::size_t head_max = 8u << 10;      // Of what one part says about itself.
  static constexpr std::size_t preamble_max = 1u << 10;  // Before the first part.

  enum class Event {
    more,       // What was taken is used up.
    part,       // A part begins: part() tells of it.
    bytes,      // The next of its bytes: bytes(), until the next call.
    part_over,  // It is whole.
    over,       // So is the body; what follows is nobody's.
    bad,        // Not such a body. For good, as are the next two.
    too_many,   // More parts than parts_max.
    too_long,   // A part says more about itself than head_max.
  };

  struct Part {
    std::string name;                     // Of the form's field.
    std::optional<std::string> filename;  // As it was sent: anything at all.
    std::string media_type;               // As it was sent; empty when it says none.
  };

  explicit MultipartReader(std::string_view boundary);

  // Once next() has said `more`.
  void take(std::string_view bytes);
  Event next();
  const Part& part() const { return part_; }
  std::string_view bytes() const { return bytes_; }

 private:
  enum class At { preamble, after_delimiter, head, body, over, bad };

  Event fail(Event why);
  Event skip_preamble();
  Event read_delimiter_end();
  Event read_head();
  Event read_body();
  bool read_line(std::string_view line);
  bool read_disposition(std::string_view value);
  std::string_view rest() const { return std::string_view(held_).substr(used_); }

  const std::string delimiter_;  // CRLF, two dashes, the boundary.
  // Taken and not used up; beyond what take() was given less than a head. Begins with a CRLF of our
  // own, so that the first delimiter is like every other.
  std::string held_ = "\r\n";
  std::size_t used_ = 0;
  At at_ = At::preamble;
  Event failure_ = Event::bad;
  std::size_t preamble_ = 0;
  std::size_t parts_ = 0;
  Part part_;
  std::string_view bytes_;
};

}  // namespace molecule::http
