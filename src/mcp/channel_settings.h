// What a channel is told: by a file of its own, in the names and the place of the plugin for bun
// that was there before, so that what was set up for that goes on; the real environment comes
// first.
#pragma once

#include "mcp/settings.h"

namespace molecule::mcp {

// Throws Fault bad_request `bad_configuration` with every problem on a line of its own, and the
// file where they are mended. Tightens that file when others may read it.
Settings read_channel_settings();

// Where that file is.
std::filesystem::path channel_file();

}  // namespace molecule::mcp
