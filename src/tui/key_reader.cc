#include "tui/key_reader.h"

#include <algorithm>
#include <array>
#include <utility>

namespace molecule::tui {
namespace {

using Is = Key::Is;

constexpr char escape = 27;
constexpr char interrupt = 3;
constexpr std::string_view paste_end = "\033[201~";

std::optional<Is> control(char byte) {
  switch (byte) {
    case '\r':
    case '\n': return Is::enter;
    case '\t': return Is::tab;
    case 8:
    case 127: return Is::backspace;
    case 1: return Is::home;         // Ctrl-A
    case 3: return Is::interrupt;    // Ctrl-C
    case 4: return Is::del;          // Ctrl-D
    case 5: return Is::end;          // Ctrl-E
    case 12: return Is::redraw;      // Ctrl-L
    case 14: return Is::down;        // Ctrl-N
    case 16: return Is::up;          // Ctrl-P
    case 21: return Is::erase_line;  // Ctrl-U
    case 23: return Is::erase_word;  // Ctrl-W
    case 26: return Is::suspend;     // Ctrl-Z
    default: return std::nullopt;
  }
}

// Of a sequence that ends in a letter. With a modifier (`1;5A`) it is the same key.
std::optional<Is> lettered(char final) {
  switch (final) {
    case 'A': return Is::up;
    case 'B': return Is::down;
    case 'C': return Is::right;
    case 'D': return Is::left;
    case 'H': return Is::home;
    case 'F': return Is::end;
    case 'M': return Is::enter;  // Of the keypad.
    case 'Z': return Is::back_tab;
    default: return std::nullopt;
  }
}

// Of a sequence that ends in ~: what stands before it.
std::optional<Is> numbered(std::string_view parameters) {
  struct Named {
    std::string_view number;
    Is is;
  };
  static constexpr std::array names{
      Named{"1", Is::home}, Named{"7", Is::home},    Named{"4", Is::end},      Named{"8", Is::end},
      Named{"3", Is::del},  Named{"5", Is::page_up}, Named{"6", Is::page_down}};
  const auto found =
      std::ranges::find(names, parameters.substr(0, parameters.find(';')), &Named::number);
  if (found == names.end()) return std::nullopt;
  return found->is;
}

std::size_t size_of(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte >= 0xf0 && byte < 0xf5) return 4;
  if (byte >= 0xe0) return byte < 0xf0 ? 3 : 0;
  return byte >= 0xc2 ? 2 : 0;
}

bool continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// A button of xterm's mouse: its lowest bits, with 64 for the wheel.
std::optional<Is> button(int number) {
  if (number == 0) return Is::click;
  if (number == 64) return Is::wheel_up;
  if (number == 65) return Is::wheel_down;
  return std::nullopt;
}

// `<B;X;Y` of the newer form.
std::optional<Key> mouse_in(std::string_view parameters) {
  if (!parameters.starts_with('<')) return std::nullopt;
  std::array<int, 3> numbers{};
  std::size_t at = 0;
  for (const char c : parameters.substr(1)) {
    if (c == ';') {
      if (++at == numbers.size()) return std::nullopt;
    } else if (c >= '0' && c <= '9' && numbers[at] < 10'000) {
      numbers[at] = numbers[at] * 10 + (c - '0');
    } else {
      return std::nullopt;
    }
  }
  const auto is = button(numbers[0]);
  if (!is || at + 1 != numbers.size()) return std::nullopt;
  return Key{.is = *is, .row = numbers[2] - 1, .column = numbers[1] - 1};
}

}  // namespace

void KeyReader::take(std::string_view bytes) {
  for (const char byte : bytes) take(byte);
}

std::optional<Key> KeyReader::next() {
  if (keys_.empty()) return std::nullopt;
  Key key = std::move(keys_.front());
  keys_.pop_front();
  return key;
}

void KeyReader::pause() {
  if (state_ != State::escape) return;
  state_ = State::plain;
  give(Is::escape);
}

void KeyReader::take(char byte) {
  switch (state_) {
    case State::plain: plain(byte); return;
    case State::escape: escaped(byte); return;
    case State::paste: pasted(byte); return;
    case State::single:
      state_ = State::plain;
      if (const auto is = lettered(byte)) {
        give(*is);
      } else if (byte >= 'a' && byte <= 'd') {  // rxvt, with Ctrl.
        give(*lettered(static_cast<char>(byte - 'a' + 'A')));
      }
      return;
    case State::console: state_ = State::plain; return;  // A function key of the Linux console.
    case State::mouse:
      so_far_ += byte;
      if (so_far_.size() < 3) return;
      state_ = State::plain;
      if (const auto is = button(static_cast<unsigned char>(so_far_[0]) - 32))
        keys_.push_back({.is = *is,
                         .row = static_cast<unsigned char>(so_far_[2]) - 33,
                         .column = static_cast<unsigned char>(so_far_[1]) - 33});
      return;
    case State::control:
      if (byte == escape) {  // What was begun before is no key.
        state_ = State::escape;
      } else if (so_far_.empty() && byte == '[') {
        state_ = State::console;
      } else if (so_far_.empty() && byte == 'M') {
        state_ = State::mouse;
      } else if ((byte >= '@' && byte <= '~') || (byte == '$' && !so_far_.empty())) {  // rxvt: $
        state_ = State::plain;
        sequence(byte);
      } else if (byte < ' ') {
        state_ = State::plain;
      } else if (so_far_.size() < sequence_max) {
        so_far_ += byte;
      }
      return;
  }
}

void KeyReader::plain(char byte) {
  if (wanted_ > 0) {
    if (continues(byte)) {
      character(byte);
      return;
    }
    wanted_ = 0;  // It never ended.
  }
  if (byte == escape) {
    state_ = State::escape;
  } else if (const auto is = control(byte)) {
    give(*is);
  } else if (static_cast<unsigned char>(byte) >= 0x80) {
    alt_ = false;
    so_far_.assign(1, byte);
    wanted_ = size_of(byte);
  } else if (byte >= ' ') {
    keys_.push_back({.is = Is::text, .text = std::string(1, byte)});
  }
}

void KeyReader::character(char byte) {
  so_far_ += byte;
  if (so_far_.size() < wanted_) return;
  wanted_ = 0;
  if (!alt_) keys_.push_back({.is = Is::text, .text = std::exchange(so_far_, {})});
}

void KeyReader::escaped(char byte) {
  so_far_.clear();
  state_ = State::plain;
  if (byte == escape) {
    // The first one was a key; this one may be, too.
    give(Is::escape);
    state_ = State::escape;
  } else if (byte == '[') {
    state_ = State::control;
  } else if (byte == 'O') {
    state_ = State::single;
  } else if (byte == interrupt) {
    give(Is::interrupt);
  } else if (byte == 127 || byte == 8 || byte == 'd') {
    give(Is::erase_word);
  } else if (static_cast<unsigned char>(byte) >= 0x80) {
    alt_ = true;
    so_far_.assign(1, byte);
    wanted_ = size_of(byte);
  }
  // Any other letter with Alt is no key here.
}

void KeyReader::sequence(char final) {
  const std::string parameters = std::exchange(so_far_, {});
  if (parameters.size() >= sequence_max) return;
  if (final == '~' && parameters == "200") {
    state_ = State::paste;
    paste_.clear();
    too_long_ = false;
    return;
  }
  if (parameters.starts_with('<')) {
    auto key = mouse_in(parameters);
    if (key && final == 'M') keys_.push_back(std::move(*key));
    return;
  }
  if (final >= 'a' && final <= 'd' && parameters.empty()) {  // rxvt, with Shift.
    give(*lettered(static_cast<char>(final - 'a' + 'A')));
    return;
  }
  const bool counted = final == '~' || final == '^' || final == '$' || final == '@';
  if (const auto is = counted ? numbered(parameters) : lettered(final)) give(*is);
}

void KeyReader::pasted(char byte) {
  // Whoever presses it wants out, whatever the paste is at.
  if (byte == interrupt) {
    state_ = State::plain;
    so_far_.clear();
    paste_.clear();
    return;
  }
  so_far_ += byte;
  if (so_far_ == paste_end) {
    end_paste();
    return;
  }
  // What is no beginning of the end mark is a part of the text, but for what is no text.
  while (!so_far_.empty() && !paste_end.starts_with(so_far_)) {
    const char first = so_far_.front();
    so_far_.erase(0, 1);
    const bool writable =
        first == '\r' || first == '\n' || first == '\t' || static_cast<unsigned char>(first) >= ' ';
    if (!writable || first == 127) continue;
    if (paste_.size() >= paste_max) {
      too_long_ = true;
      continue;
    }
    paste_ += first == '\r' ? '\n' : first;
  }
}

void KeyReader::end_paste() {
  state_ = State::plain;
  so_far_.clear();
  if (too_long_) {
    paste_.clear();
    give(Is::too_much);
  } else if (!paste_.empty()) {
    keys_.push_back({.is = Is::text, .text = std::exchange(paste_, {})});
  }
}

}  // namespace molecule::tui
