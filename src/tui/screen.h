// The terminal: pictures onto it, keys from it, and its own state again whenever this ends, however
// it ends. The only source that knows curses.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "platform/io/loop.h"
#include "tui/keys.h"
#include "tui/picture.h"

namespace molecule::tui {

struct ScreenSettings {
  bool mouse = false;
  bool colours = true;
};

// Keeps other threads from being the one that hears of another size: call it before the first
// thread starts.
void hold_size_changes();

// The terminal as it was, whatever state this program is in: for who ends it without a chance for a
// Screen to end. Any thread, also out of a signal.
void put_terminal_back() noexcept;

class Screen {
 public:
  struct Ears {
    std::function<void()> ready;  // Keys wait, or the size is another one.
    std::function<void()> gone;   // Nobody is at the terminal any more.
  };
  // Calls on the loop. Throws Fault bad_request `no_terminal`: standard input and output are none,
  // or one that cannot be written to anywhere but at its end. One at a time.
  Screen(io::Loop& loop, ScreenSettings settings, Ears ears);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  std::optional<Key> next_key();  // What waits; does not wait itself.
  // As it is now.
  int rows() const;
  int columns() const;
  void show(const Picture& picture);
  // Draws all of it again: something else wrote on the terminal.
  void redraw();
  // Stops this process as Ctrl-Z does elsewhere; draws again when it goes on.
  void suspend();
  // Leaves the full screen, writes the text as it is and comes back at the next Enter.
  void leave_with(const std::string& text);
  // The terminal as it was. Nothing is shown after that.
  void end();

 private:
  struct Terminal;
  const std::unique_ptr<Terminal> terminal_;
};

}  // namespace molecule::tui
