// A conversation as the platform keeps it.
#pragma once

#include <vector>

#include "platform/json/json.h"
#include "tui/chat.h"

namespace molecule::tui {

// What people and the agent said to each other, oldest first, from rows of its activity.
std::vector<Turn> earlier_turns(json::Node rows);

}  // namespace molecule::tui
