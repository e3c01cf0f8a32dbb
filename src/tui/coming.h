// An answer while it comes: the events of a stream, as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "platform/json/json.h"
#include "tui/chat.h"
#include "wire/a2a/stream.h"

namespace molecule::tui {

// Of a task's state, as 0.3 names it.
bool waits_for_person(std::string_view state);

class Coming {
 public:
  // More text than this is not shown while it comes.
  static constexpr std::size_t text_max = 256u << 10;

  // The next event, JSON-RPC. True when nothing follows.
  bool take(std::string_view event);

  const std::string& text() const { return text_; }
  // What the agent says about its work, or how the message stands.
  const std::string& progress() const { return progress_; }

  // What came of it, once nothing follows.
  struct End {
    std::string text;     // The answer; empty: there is none.
    std::string trouble;  // Why not, or what the agent wants to know first.
    std::optional<OpenTask> open;
  };
  End end() const;

 private:
  void take_artifact(json::Node artifact, bool append);
  void take_status(json::Node status);
  void add(std::string_view piece);

  a2a::Stream whole_;
  std::string text_;
  std::string last_artifact_;
  std::string progress_;
};

}  // namespace molecule::tui
