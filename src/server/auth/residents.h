// The second question auth asks upwards: does this workspace exist, and is it still there? Answered
// by the owner of the workspaces, from memory.
#pragma once

#include "base/id.h"

namespace molecule::auth {

enum class Standing {
  unknown,  // No such id, or purged.
  present,
  removed,
};

class Residents {
 public:
  virtual ~Residents() = default;
  // Any thread; never waits.
  virtual Standing standing(WorkspaceId id) const = 0;
};

// Throws Fault not_found `workspace_not_found` or gone `workspace_removed`.
void require_present(const Residents& residents, WorkspaceId id);

}  // namespace molecule::auth
