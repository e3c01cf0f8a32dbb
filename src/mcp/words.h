// What a client's model is told: how to use the tools, and of each message that comes.
#pragma once

#include <string>

#include "mcp/inbox.h"

namespace molecule::mcp {

std::string instructions(std::chrono::seconds wait_hint);

// A message as inbox_peek and wait_for_message give it. `several`: it names the workspace that it
// came to.
std::string told(const Item& item, bool several);
// The params of a notification that a message has come: words with what to do about them, and facts
// as strings.
std::string announced(const Item& item, bool several);

// A name of others as it may stand in a line: without controls, markup and what turns the direction
// of writing; at most 64 characters.
std::string harmless(std::string_view name);

// What somebody else said, as it may stand in a turn of its own: nothing in it ends that turn or
// begins another, and nothing is hidden.
std::string contained(std::string_view said);
// The same between marks that say so, with a number that whoever said it cannot have known.
std::string quoted(std::string_view who, std::string_view said, std::uint64_t number);

}  // namespace molecule::mcp
