#include "server/relay/relays.h"

namespace molecule::relay {

Shared Relays::find(WorkspaceId workspace) const {
  return relays_.read([&](const auto& map) -> Shared {
    auto at = map.find(workspace);
    return at == map.end() ? nullptr : at->second;
  });
}

bool Relays::is_here(WorkspaceId workspace) const {
  return relays_.read([&](const auto& map) {
    auto at = map.find(workspace);
    return at != map.end() && at->second->is_here();
  });
}

Shared Relays::put(Shared relay) {
  return relays_.write([&](auto& map) {
    Shared& place = map[relay->workspace];
    return std::exchange(place, std::move(relay));
  });
}

bool Relays::remove(const Relay& relay) {
  Shared taken;
  relays_.write([&](auto& map) {
    auto at = map.find(relay.workspace);
    if (at == map.end() || at->second.get() != &relay) return;
    taken = std::move(at->second);
    map.erase(at);
  });
  return taken != nullptr;
}

std::vector<Shared> Relays::all() const {
  return relays_.read([](const auto& map) {
    std::vector<Shared> all;
    all.reserve(map.size());
    for (const auto& [id, relay] : map) all.push_back(relay);
    return all;
  });
}

std::size_t Relays::size() const {
  return relays_.read([](const auto& map) { return map.size(); });
}

}  // namespace molecule::relay
