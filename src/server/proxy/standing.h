// Where a message stands, in words that do not lie: that it waits is another word than that its
// agent has seen it, and that an agent is at it is no answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/messages/messages.h"

namespace molecule::proxy {

struct Standing {
  // waiting, leased, seen, answered, refused, expired, removed, dead_letter or canceled.
  std::string_view word;
  std::string state;  // Of a task, as A2A 0.3 names it.
  Instant since;
  std::string says;  // One sentence.
};

// What is known of the task that its agent made of it.
struct Known {
  std::string state;
  Instant at;
};
Standing standing_of(const messages::Record& record, const std::optional<Known>& task, bool polls);
// Of an answer whose agent goes on with its task.
bool goes_on(const messages::Record& record, const std::optional<Known>& task);
// Of such a task: whether more is to come of it without a word of its sender. One that waits for
// input is told of no further in the same stream, nor is one in a state that is none.
bool is_read_on(const messages::Record& record, const std::optional<Known>& task);

}  // namespace molecule::proxy
