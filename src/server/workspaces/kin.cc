#include "server/workspaces/kin.h"

#include <algorithm>

namespace molecule::workspaces {

void Kin::put(std::optional<WorkspaceId> parent, Place place) {
  std::vector<Place>& all = below_[parent.value_or(WorkspaceId())];
  // What is new stands at the end.
  const auto at = std::ranges::lower_bound(all, place);
  if (at == all.end() || *at != place) all.insert(at, place);
}

void Kin::take(std::optional<WorkspaceId> parent, Place place) {
  const auto found = below_.find(parent.value_or(WorkspaceId()));
  if (found == below_.end()) return;
  std::vector<Place>& all = found->second;
  const auto at = std::ranges::lower_bound(all, place);
  if (at != all.end() && *at == place) all.erase(at);
  if (all.empty()) below_.erase(found);
}

std::span<const Kin::Place> Kin::below(std::optional<WorkspaceId> parent) const {
  const auto found = below_.find(parent.value_or(WorkspaceId()));
  if (found == below_.end()) return {};
  return found->second;
}

}  // namespace molecule::workspaces
