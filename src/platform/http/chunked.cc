#include "platform/http/chunked.h"

#include <algorithm>

#include "platform/http/syntax.h"

namespace molecule::http {

ChunkedReader::State ChunkedReader::read(std::string_view& text, std::string& out) {
  while (!text.empty() && part_ != Part::done) {
    char c = text.front();
    switch (part_) {
      case Part::size: {
        int digit = -1;
        if (c >= '0' && c <= '9') digit = c - '0';
        if (lower(c) >= 'a' && lower(c) <= 'f') digit = lower(c) - 'a' + 10;
        if (digit >= 0) {
          if (++digits_ > 15) return State::bad;
          left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        } else if (digits_ == 0) {
          return State::bad;
        } else if (c == '\r') {
          part_ = Part::size_end;
        } else if (c == ';') {
          part_ = Part::extension;
        } else {
          return State::bad;
        }
        text.remove_prefix(1);
        break;
      }
      case Part::extension:
        if (c == '\r') {
          part_ = Part::size_end;
        } else if (!is_a(c, detail::value_char) || ++extension_ > extension_max) {
          return State::bad;
        }
        text.remove_prefix(1);
        break;
      case Part::size_end:
        if (c != '\n') return State::bad;
        text.remove_prefix(1);
        digits_ = 0;
        if (left_ == 0) {
          part_ = Part::trailer_start;
        } else {
          if (left_ > body_max_ - taken_) return State::too_large;
          part_ = Part::data;
        }
        break;
      case Part::data: {
        auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, text.size()));
        out.append(text.substr(0, n));
        text.remove_prefix(n);
        taken_ += n;
        left_ -= n;
        if (left_ == 0) part_ = Part::data_cr;
        break;
      }
      case Part::data_cr:
        if (c != '\r') return State::bad;
        text.remove_prefix(1);
        part_ = Part::data_lf;
        break;
      case Part::data_lf:
        if (c != '\n') return State::bad;
        text.remove_prefix(1);
        part_ = Part::size;
        break;
      case Part::trailer_start:
        text.remove_prefix(1);
        if (c == '\r') {
          part_ = Part::last_lf;
        } else if (is_a(c, detail::token_char)) {
          part_ = Part::trailer;
          if (kept_) *kept_ += c;
        } else {
          return State::bad;
        }
        break;
      case Part::trailer:
        if (++trailers_ > trailers_max) return State::bad;
        if (c == '\r') {
          part_ = Part::trailer_end;
        } else if (!is_a(c, detail::value_char)) {
          return State::bad;
        } else if (kept_) {
          *kept_ += c;
        }
        text.remove_prefix(1);
        break;
      case Part::trailer_end:
        if (c != '\n') return State::bad;
        if (kept_) *kept_ += "\r\n";
        text.remove_prefix(1);
        part_ = Part::trailer_start;
        break;
      case Part::last_lf:
        if (c != '\n') return State::bad;
        text.remove_prefix(1);
        part_ = Part::done;
        break;
      case Part::done: break;
    }
  }
  return part_ == Part::done ? State::done : State::more;
}

}  // namespace molecule::http
