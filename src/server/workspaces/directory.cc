#include "server/workspaces/directory.h"

#include <algorithm>
#include <array>
#include <mutex>

#include "base/fault.h"
#include "platform/json/json.h"

namespace molecule::workspaces {

namespace {

bool older(const Entry& a, const Entry& b) {
  if (a.created_at != b.created_at) return a.created_at < b.created_at;
  return a.id < b.id;
}

bool related(const Entry& a, const Entry& b) {
  return a.parent == b.parent || a.parent == b.id || b.parent == a.id;
}

}  // namespace

bool joins_by_itself(std::string_view runtime) {
  constexpr std::array<std::string_view, 4> names{"external", "kimi", "kimi-cli", "local"};
  for (std::string_view name : names) {
    if (name == runtime) return true;
  }
  return false;
}

std::optional<Entry> Directory::find(WorkspaceId id) const {
  return entries_.read([&](const auto& map) -> std::optional<Entry> {
    auto it = map.find(id);
    if (it == map.end()) return std::nullopt;
    return it->second;
  });
}

std::optional<Directory::Brief> Directory::brief(WorkspaceId id) const {
  return entries_.read([&](const auto& map) -> std::optional<Brief> {
    auto it = map.find(id);
    if (it == map.end()) return std::nullopt;
    const Entry& entry = it->second;
    return Brief{entry.status, entry.max_concurrent_tasks, joins_by_itself(entry.runtime),
                 entry.delivery == Delivery::push && !entry.url.empty()};
  });
}

void Entry::show_card(RawJson card) {
  speaks = a2a::Generation::v03;
  streams = false;
  // Most cards are of 0.3 and say nothing of interfaces or streams.
  const bool tells = card.text.find("supportedInterfaces") != std::string::npos ||
                     card.text.find("streaming") != std::string::npos;
  if (tells) {
    try {
      json::Document read = json::Document::parse(card.text);
      speaks = a2a::speaks(read.root());
      streams = a2a::streams(read.root());
    } catch (const Fault&) {
      // A card of an earlier version that is not taken today says nothing.
    }
  }
  agent_card = std::move(card);
}

bool Directory::may_reach(WorkspaceId from, WorkspaceId to) const {
  if (from == to) return true;
  return entries_.read([&](const auto& map) {
    auto asker = map.find(from);
    auto target = map.find(to);
    return asker != map.end() && target != map.end() && related(asker->second, target->second);
  });
}

bool Directory::may_send(WorkspaceId from, WorkspaceId to) const {
  return standing(from) == auth::Standing::present && standing(to) == auth::Standing::present &&
         may_reach(from, to);
}

auth::Standing Directory::standing(WorkspaceId id) const {
  return entries_.read([&](const auto& map) {
    auto it = map.find(id);
    if (it == map.end()) return auth::Standing::unknown;
    return it->second.status == Status::removed ? auth::Standing::removed : auth::Standing::present;
  });
}

std::vector<Entry> Directory::peers_of(WorkspaceId id) const {
  std::vector<Entry> peers = entries_.read([&](const auto& map) {
    std::vector<Entry> found;
    auto self = map.find(id);
    if (self == map.end()) return found;
    for (const auto& [other, entry] : map) {
      if (other == id || entry.status == Status::removed) continue;
      if (related(self->second, entry)) found.push_back(entry);
    }
    return found;
  });
  std::sort(peers.begin(), peers.end(), older);
  return peers;
}

std::vector<Entry> Directory::all() const {
  std::vector<Entry> entries = entries_.read([](const auto& map) {
    std::vector<Entry> found;
    found.reserve(map.size());
    for (const auto& [id, entry] : map) found.push_back(entry);
    return found;
  });
  std::sort(entries.begin(), entries.end(), older);
  return entries;
}

void Directory::put(Entry entry) {
  entries_.write([&](auto& map) { map[entry.id] = std::move(entry); });
}

void Directory::erase(WorkspaceId id) {
  entries_.write([&](auto& map) { map.erase(id); });
}

}  // namespace molecule::workspaces
