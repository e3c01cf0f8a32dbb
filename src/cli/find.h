// A workspace as people name it: by its id, by its name, or by the beginning or the end of its id
// where that is enough.
#pragma once

#include <string>

#include "base/id.h"
#include "cli/session.h"

namespace molecule::cli {

// Throws Fault not_found `workspace_not_found`, and bad_request `workspace_ambiguous` with those
// that it could be.
io::Task<WorkspaceId> find_workspace(Session& session, std::string named);
// The same of a list of workspaces that is at hand.
WorkspaceId find_workspace_in(json::Node list, const std::string& named);

}  // namespace molecule::cli
