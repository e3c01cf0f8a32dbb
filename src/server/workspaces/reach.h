// The one rule for what a workspace says about, or sends to, another: whoever writes down such a
// fact asks here, whatever route it comes in by.
#pragma once

#include <optional>

#include "base/fault.h"
#include "server/workspaces/directory.h"

namespace molecule::workspaces {

// Throws when `source` has nothing to do with `to`: 403 when it may not reach it, also when there
// is no such workspace, 410 when it is gone, 404 when a workspace asks for itself and is unknown.
void require_reachable(const Directory& directory, WorkspaceId source, WorkspaceId to);
// 410 for a peer that was removed, nothing for any other.
std::optional<Fault> gone_peer(const Entry& entry);

}  // namespace molecule::workspaces
