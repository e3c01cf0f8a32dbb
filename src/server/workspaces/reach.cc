#include "server/workspaces/reach.h"

#include <utility>

#include "platform/json/json.h"

namespace molecule::workspaces {

void require_reachable(const Directory& directory, WorkspaceId source, WorkspaceId to) {
  if (!directory.may_reach(source, to)) {
    // An unknown target and a hidden one must look alike to an agent.
    throw Fault(Kind::forbidden, "not_reachable",
                "access denied: workspaces cannot communicate per hierarchy rules");
  }
  std::optional<Fault> refusal;
  bool found = directory.look_at(to, [&](const Entry& entry) { refusal = gone_peer(entry); });
  if (!found) throw not_found("workspace");
  if (refusal) throw std::move(*refusal);
}

std::optional<Fault> gone_peer(const Entry& entry) {
  if (entry.status != Status::removed) return std::nullopt;
  const api::RemovedHint hint{entry.id, entry.removed_at,
                              "the workspace was deleted; choose another peer"};
  return Fault(Kind::gone, "workspace_removed", "workspace removed").with(json::members(hint));
}

}  // namespace molecule::workspaces
