#include "server/workspaces/namesakes.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string>

#include "platform/text/names.h"

namespace molecule::workspaces {
namespace {

std::array<std::uint64_t, 2> keys(const std::optional<WorkspaceId>& parent, std::string_view name) {
  std::array<std::string, 2> looks = text::skeletons(name);
  std::array<std::uint64_t, 2> out{};
  char kind = 'a';
  for (std::size_t i = 0; i < looks.size(); ++i, ++kind) {
    std::string& look = looks[i];
    look += kind;
    if (parent) look.append(parent->bytes().begin(), parent->bytes().end());
    out[i] = std::hash<std::string>{}(look);
  }
  return out;
}

}  // namespace

void Namesakes::note(WorkspaceId id, const std::optional<WorkspaceId>& parent,
                     std::string_view name) {
  auto looks = keys(parent, name);
  by_look_.write([&](ByLook& map) {
    for (std::uint64_t look : looks) {
      auto [from, to] = map.equal_range(look);
      const bool known = std::any_of(from, to, [&](const auto& each) { return each.second == id; });
      if (!known) map.emplace(look, id);
    }
  });
}

void Namesakes::drop(WorkspaceId id, const std::optional<WorkspaceId>& parent,
                     std::string_view name) {
  auto looks = keys(parent, name);
  by_look_.write([&](ByLook& map) {
    for (std::uint64_t look : looks) {
      auto [from, to] = map.equal_range(look);
      auto at = std::find_if(from, to, [&](const auto& each) { return each.second == id; });
      if (at != to) map.erase(at);
    }
  });
}

std::vector<WorkspaceId> Namesakes::of(const std::optional<WorkspaceId>& parent,
                                       std::string_view name) const {
  auto looks = keys(parent, name);
  return by_look_.read([&](const ByLook& map) {
    std::vector<WorkspaceId> found;
    for (std::uint64_t look : looks) {
      auto [from, to] = map.equal_range(look);
      for (; from != to; ++from) found.push_back(from->second);
    }
    return found;
  });
}

}  // namespace molecule::workspaces
