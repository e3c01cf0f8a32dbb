// What a terminal sends, as keys: UTF-8, controls, escape sequences (ECMA-48 and what xterm, rxvt,
// the Linux console and PuTTY add), bracketed pastes and mouse reports. A sequence is one key or
// none: its bytes are never text, and what is pasted is never a command.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "tui/keys.h"

namespace molecule::tui {

class KeyReader {
 public:
  static constexpr std::size_t paste_max = 32u << 10;  // Bytes; a longer one is refused whole.
  static constexpr std::size_t sequence_max = 64;  // Bytes of a sequence; of more none is a key.

  void take(std::string_view bytes);
  // Nothing followed within the time that the bytes of a sequence take: an Esc alone was a key.
  void pause();
  // Whether pause() would change something.
  bool begun() const { return state_ == State::escape; }
  std::optional<Key> next();

 private:
  enum class State { plain, escape, control, single, console, mouse, paste };

  void take(char byte);
  void plain(char byte);
  void character(char byte);
  void escaped(char byte);
  void sequence(char final);
  void pasted(char byte);
  void end_paste();
  void give(Key::Is is) { keys_.push_back({.is = is}); }

  State state_ = State::plain;
  std::string so_far_;      // Of a character, a sequence or the end mark of a paste.
  std::size_t wanted_ = 0;  // Bytes of the character that has begun.
  bool alt_ = false;        // The character that has begun was pressed with Alt.
  std::string paste_;
  bool too_long_ = false;
  std::deque<Key> keys_;
};

}  // namespace molecule::tui
