// Reading a chunked body (RFC 9112 §7.1), strictly: sizes of at most 16 hex digits, CRLF and
// nothing else as line end, extensions and trailers bounded and ignored, unless somebody wants the
// trailers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace molecule::http {

class ChunkedReader {
 public:
  enum class State {
    more,       // Everything was taken; the body goes on.
    done,       // The last chunk and the trailers were read.
    bad,        // Not a chunked body; the connection cannot be used further.
    too_large,  // More than `body_max` bytes of data.
  };
  static constexpr std::size_t extension_max = 256;  // Of all chunk extensions together.
  static constexpr std::size_t trailers_max = 4096;

  // `trailers`: where the trailers go, each line with its end; null: nowhere.
  explicit ChunkedReader(std::size_t body_max, std::string* trailers = nullptr)
      : body_max_(body_max), kept_(trailers) {}

  // Takes `text` from its beginning, appends data to `out` and removes from `text` what it used.
  State read(std::string_view& text, std::string& out);
  std::size_t taken() const { return taken_; }  // Data bytes so far.

 private:
  enum class Part {
    size,
    extension,
    size_end,
    data,
    data_cr,
    data_lf,
    trailer_start,
    trailer,
    trailer_end,
    last_lf,
    done
  };
  Part part_ = Part::size;
  std::uint64_t left_ = 0;  // Of the current chunk.
  int digits_ = 0;
  std::size_t body_max_;
  std::size_t taken_ = 0;
  std::size_t extension_ = 0;
  std::size_t trailers_ = 0;
  std::string* kept_;
};

}  // namespace molecule::http
