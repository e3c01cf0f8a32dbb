// The tools of a channel, in the names and arguments of the plugin for bun that was there before,
// and what a session is told about them.
#pragma once

#include <span>
#include <string>

#include "mcp/local_files.h"
#include "mcp/tools.h"

namespace molecule::mcp {

extern const std::span<const Tool> channel_tools;

std::string channel_instructions();

// The params of the notification that shows a message as a turn: what was said, and facts as
// strings, with where its files are on this machine.
std::string turn_of(const Item& item, const std::vector<LocalFile>& files);
// That the platform refuses a workspace's token: nothing comes from it any more.
std::string turn_of_refusal(const WorkspaceId& workspace, std::string_view why,
                            std::string_view file);

}  // namespace molecule::mcp
