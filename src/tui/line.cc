#include "tui/line.h"

#include "tui/cells.h"

namespace molecule::tui {
namespace {

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// Whether the character there is drawn on the one before it.
bool is_joined(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && continues(text[end])) ++end;
  const auto drawn = glyphs(std::string("x").append(text.substr(at, end - at)));
  return drawn.size() == 1;
}

}  // namespace

std::string in_one_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  std::string line(text);
  for (char& each : line) {
    if (each == '\n') each = ' ';
  }
  return line;
}

std::size_t Line::before(std::size_t at) const {
  while (at > 0) {
    --at;
    while (at > 0 && continues(text_[at])) --at;
    if (!is_joined(text_, at)) break;
  }
  return at;
}

std::size_t Line::behind(std::size_t at) const {
  while (at < text_.size()) {
    ++at;
    while (at < text_.size() && continues(text_[at])) ++at;
    if (at == text_.size() || !is_joined(text_, at)) break;
  }
  return at;
}

bool Line::insert(std::string_view text) {
  if (text_.size() + text.size() > most_) return false;
  text_.insert(at_, text);
  at_ += text.size();
  return true;
}

bool Line::press(const Key& key) {
  switch (key.is) {
    case Key::Is::text: insert(key.text); return true;
    case Key::Is::backspace: {
      const std::size_t begin = before(at_);
      text_.erase(begin, at_ - begin);
      at_ = begin;
      return true;
    }
    case Key::Is::del: text_.erase(at_, behind(at_) - at_); return true;
    case Key::Is::left: at_ = before(at_); return true;
    case Key::Is::right: at_ = behind(at_); return true;
    case Key::Is::home: at_ = 0; return true;
    case Key::Is::end: at_ = text_.size(); return true;
    case Key::Is::erase_line:
      text_.erase(0, at_);
      at_ = 0;
      return true;
    case Key::Is::erase_word: {
      std::size_t begin = at_;
      while (begin > 0 && text_[begin - 1] == ' ') --begin;
      while (begin > 0 && text_[begin - 1] != ' ') --begin;
      text_.erase(begin, at_ - begin);
      at_ = begin;
      return true;
    }
    default: return false;
  }
}

}  // namespace molecule::tui
