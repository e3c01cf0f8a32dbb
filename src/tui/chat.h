// What was said with one agent: before, as the platform keeps it, and now.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/instant.h"
#include "tui/line.h"

namespace molecule::tui {

struct Turn {
  enum class Who { person, agent, note };
  Who who = Who::person;
  std::string text;
  Instant at;
  // Of a person's: the message's own id, empty while it was not sent; and who it was, where not
  // whoever sits here.
  std::string id = {};
  std::string by = {};
};

// The agent's own name of work that waits for the person's next message.
struct OpenTask {
  std::string id;
  std::string context;
};

struct Chat {
  static constexpr std::size_t turns_max = 300;
  static constexpr std::size_t text_max = 256u << 10;  // Bytes of one turn.

  std::deque<Turn> turns;
  bool recalled = false;  // What was said before is known, or asked for.
  Line line;
  // An answer is waited for: since when, what the agent says about its work, and what has come.
  bool waiting = false;
  std::optional<OpenTask> open;
  Instant since;
  std::string progress;
  std::string coming;
  int back = 0;  // Lines that the newest one is below the screen.
  // While somebody reads further up: the last line that was shown, so that it stays where it is
  // whatever comes below it.
  struct Anchor {
    std::size_t turn = 0;  // Counted from the first one ever.
    int line = 0;          // From the turn's first.
    int back = 0;          // As it was then.
  };
  std::optional<Anchor> anchor;
  std::size_t gone = 0;  // Turns that were given up at the beginning.
  int unread = 0;

  void add(Turn::Who who, std::string text, Instant at);
  // The message that was written here has this id.
  void sent(std::string_view text, std::string id);
  // What the agent said. It comes by two ways, as the answer and as an event, and is told once.
  void add_answer(std::string text, Instant at);
  // What a person wrote, here or elsewhere.
  void add_message(Turn told);
  // What was said before, oldest first: each finds its place, and what is known already is left
  // out.
  void put_before(std::vector<Turn> earlier);

 private:
  void limit();
};

}  // namespace molecule::tui
