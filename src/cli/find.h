// A workspace as people name it: by its id, by its name, or by the beginning or the end of its id
// where that is enough. An agent chooses its name, and may choose a part of another's id: what is
// the name of one and a part of the id of another means neither.
#pragma once

#include <string>

#include "base/id.h"
#include "cli/session.h"

namespace molecule::cli {

struct Found {
  WorkspaceId id;
  std::string name;  // Empty: it was named by its whole id, and nobody has looked.

  // The name, which anybody may have chosen, with the id behind it. For a question, and for what
  // was done.
  std::string told() const;
};

// Throws Fault not_found `workspace_not_found`, and bad_request `workspace_ambiguous` with those
// that it could be.
io::Task<Found> find_named(Session& session, std::string named);
// The same of a list of workspaces that is at hand.
Found find_named_in(json::Node list, const std::string& named);
// Where nothing is asked or told of it.
io::Task<WorkspaceId> find_workspace(Session& session, std::string named);

}  // namespace molecule::cli
