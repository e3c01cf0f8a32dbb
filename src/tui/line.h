// A line that somebody writes: its text and where the cursor stands in it, with the keys that
// shells have for it.
#pragma once

#include <string>
#include <string_view>

#include "tui/keys.h"

namespace molecule::tui {

// What was pasted, for a line that has no line ends: blanks where they were, none at its end.
std::string in_one_line(std::string_view text);

class Line {
 public:
  static constexpr std::size_t size_max = 32u << 10;  // Bytes; what is beyond is not taken.

  Line() = default;
  explicit Line(std::string text, std::size_t most = size_max)
      : text_(std::move(text)), at_(text_.size()), most_(most) {}

  // Whether the key was one for writing.
  bool press(const Key& key);
  // False, and nothing of it taken, where it would be longer than it may be.
  bool insert(std::string_view text);

  const std::string& text() const { return text_; }
  std::string_view before_cursor() const { return std::string_view(text_).substr(0, at_); }
  bool empty() const { return text_.empty(); }
  std::size_t most() const { return most_; }
  void clear() { *this = Line({}, most_); }
  std::string taken() {
    std::string text = std::move(text_);
    clear();
    return text;
  }

 private:
  std::size_t before(std::size_t at) const;
  std::size_t behind(std::size_t at) const;

  std::string text_;
  std::size_t at_ = 0;  // In bytes, between two characters.
  std::size_t most_ = size_max;
};

}  // namespace molecule::tui
