// The system text of an agent, put together in a fixed order: what the workspace says of itself,
// its skills, how its organisation is spoken to, and who is in it.
#pragma once

#include <string>

#include "agent/config.h"
#include "agent/skills.h"

namespace molecule::agent {

// `peers`: as Home tells them. `tools`: the agent has those of `molecule mcp`. `leads`: it has a
// team.
std::string system_text(const Config& config, const Skills& skills, const std::string& peers,
                        bool tools, bool leads);

}  // namespace molecule::agent
