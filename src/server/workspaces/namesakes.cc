#include "server/workspaces/namesakes.h"

#include <algorithm>
#include <array>

#include "platform/text/names.h"

namespace molecule::workspaces {
namespace {

std::array<std::string, 2> keys(const std::optional<WorkspaceId>& parent, std::string_view name) {
  std::array<std::string, 2> looks = text::skeletons(name);
  std::string place = parent ? parent->text() : std::string();
  looks[0] = "a" + place + looks[0];
  looks[1] = "b" + place + looks[1];
  return looks;
}

}  // namespace

void Namesakes::note(WorkspaceId id, const std::optional<WorkspaceId>& parent,
                     std::string_view name) {
  auto looks = keys(parent, name);
  by_look_.write([&](auto& map) {
    for (std::string& look : looks) {
      auto& ids = map[std::move(look)];
      if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    }
  });
}

void Namesakes::drop(WorkspaceId id, const std::optional<WorkspaceId>& parent,
                     std::string_view name) {
  auto looks = keys(parent, name);
  by_look_.write([&](auto& map) {
    for (const std::string& look : looks) {
      auto at = map.find(look);
      if (at == map.end()) continue;
      std::erase(at->second, id);
      if (at->second.empty()) map.erase(at);
    }
  });
}

std::vector<WorkspaceId> Namesakes::of(const std::optional<WorkspaceId>& parent,
                                       std::string_view name) const {
  auto looks = keys(parent, name);
  return by_look_.read([&](const auto& map) {
    std::vector<WorkspaceId> found;
    for (const std::string& look : looks) {
      auto at = map.find(look);
      if (at != map.end()) found.insert(found.end(), at->second.begin(), at->second.end());
    }
    return found;
  });
}

}  // namespace molecule::workspaces
