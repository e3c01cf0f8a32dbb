// Which workspaces have names that look alike, by parent. It only knows where to look: whoever asks
// reads the rows that it names, so an entry that is out of date does no harm and is dropped, and
// neither does one that is found by chance: of a look only a hash is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "platform/io/guarded.h"

namespace molecule::workspaces {

class Namesakes {
 public:
  void note(WorkspaceId id, const std::optional<WorkspaceId>& parent, std::string_view name);
  void drop(WorkspaceId id, const std::optional<WorkspaceId>& parent, std::string_view name);
  // Those that may have, or had, a name there that looks like `name`. Any thread.
  std::vector<WorkspaceId> of(const std::optional<WorkspaceId>& parent,
                              std::string_view name) const;

 private:
  using ByLook = std::unordered_multimap<std::uint64_t, WorkspaceId>;
  io::Guarded<ByLook> by_look_;
};

}  // namespace molecule::workspaces
