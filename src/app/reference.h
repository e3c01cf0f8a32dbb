// The reference pages, printed from what the binary itself uses: routes, settings, faults,
// commands. docs/reference/ holds them; a test compares.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "platform/http/route.h"
#include "platform/metrics/metrics.h"

namespace molecule::app {

// Every route of the platform without starting it.
std::vector<http::Route> all_routes();

// Writes routes.md, settings.md, faults.md and commands.md, whose text is `commands`, into
// `directory`.
void write_reference(const std::filesystem::path& directory, std::string_view commands);

}  // namespace molecule::app
