// What somebody pressed, apart from how terminals say it.
#pragma once

#include <string>
#include <string_view>

namespace molecule::tui {

struct Key {
  enum class Is {
    text,  // One character, or what was pasted: it may have line ends then.
    up,
    down,
    left,
    right,
    page_up,
    page_down,
    home,
    end,
    enter,
    escape,
    tab,
    back_tab,
    backspace,
    del,
    erase_line,  // Ctrl-U
    erase_word,  // Ctrl-W
    interrupt,   // Ctrl-C
    suspend,     // Ctrl-Z
    redraw,      // Ctrl-L
    click,       // At `row`, `column`.
    wheel_up,
    wheel_down,
    too_much,  // A paste that was longer than any line; nothing of it was taken.
  };
  Is is = Is::text;
  std::string text = {};
  int row = 0, column = 0;

  bool says(std::string_view word) const { return is == Is::text && text == word; }
};

}  // namespace molecule::tui
