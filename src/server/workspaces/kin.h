// Who stands below whom, oldest first, so that whom a workspace may reach is read from any place
// on. It keeps no more than that of each.
#pragma once

#include <compare>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "base/instant.h"

namespace molecule::workspaces {

class Kin {
 public:
  struct Place {
    Instant created_at;
    WorkspaceId id;
    auto operator<=>(const Place&) const = default;
  };
  // `parent`: nothing for those at the top.
  void put(std::optional<WorkspaceId> parent, Place place);
  void take(std::optional<WorkspaceId> parent, Place place);
  // Those below it.
  std::span<const Place> below(std::optional<WorkspaceId> parent) const;

 private:
  std::unordered_map<WorkspaceId, std::vector<Place>> below_;  // By parent; nil: the top.
};

// A place among those that one workspace may reach: its siblings, then its children, then its
// parent, oldest first.
struct PeerPlace {
  int rank = 0;
  Kin::Place place;
  auto operator<=>(const PeerPlace&) const = default;
};

}  // namespace molecule::workspaces
