// The reference pages and the types of clients, printed from what the binary itself uses: routes,
// types, events, settings, faults, commands. docs/reference/, the canvas and the SDK hold them; a
// test compares.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/http/route.h"
#include "platform/metrics/metrics.h"

namespace molecule::app {

// Every route of the platform without starting it.
std::vector<http::Route> all_routes();

// Where to print to; what is empty is not printed.
struct ReferenceFiles {
  std::string directory;  // routes.md, api.md, events.md, settings.md, faults.md, commands.md
  std::string openapi;
  std::string typescript;
  std::string python;
};
// `commands` is the text of commands.md.
void write_reference(const ReferenceFiles& files, std::string_view commands);

}  // namespace molecule::app
