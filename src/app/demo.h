// The demo organisation: pm, a coordinator, and researcher, an agent of its team that joins from
// elsewhere. Their ids and tokens go into demo.json in the data directory, readable by its owner
// only.
#pragma once

#include <filesystem>
#include <string>

#include "server/workspaces/workspaces_service.h"

namespace molecule::app {

struct DemoParts {
  workspaces::Service& workspaces;
  const workspaces::Directory& directory;
  std::filesystem::path data;
  std::string platform_url;
};

// On an empty store creates the organisation; later only brings the address in demo.json up to
// date.
io::Task<void> make_demo(DemoParts parts);

}  // namespace molecule::app
