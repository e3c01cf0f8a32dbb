// What a client's model is told: how to use the tools, and of each message that comes.
#pragma once

#include <string>

#include "mcp/inbox.h"

namespace molecule::mcp {

std::string instructions(std::chrono::seconds wait_hint);

// A message as inbox_peek and wait_for_message give it. `several`: it names the workspace that it
// came to. Of a long text a part is told, from that byte on, and where the next begins.
std::string told(const Item& item, bool several, std::size_t from = 0);
// The params of a notification that a message has come: words with what to do about them, and facts
// as strings.
std::string announced(const Item& item, bool several);

}  // namespace molecule::mcp
