// A conversation as the platform keeps it.
#pragma once

#include <optional>
#include <vector>

#include "platform/json/json.h"
#include "tui/chat.h"

namespace molecule::tui {

struct Earlier {
  std::vector<Turn> turns;       // Oldest first.
  std::optional<OpenTask> open;  // Of the newest question to the person, when it has no answer yet.
};
// What people and the agent said to each other, from rows of its activity, newest first.
Earlier earlier(json::Node rows);

}  // namespace molecule::tui
