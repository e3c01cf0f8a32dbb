#include "server/workspaces/directory.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include "base/fault.h"
#include "platform/json/json.h"
#include "server/workspaces/status_machine.h"
#include "server/workspaces/workspaces_store.h"

namespace molecule::workspaces {

namespace {

bool older(const Entry& a, const Entry& b) {
  if (a.created_at != b.created_at) return a.created_at < b.created_at;
  return a.id < b.id;
}

constexpr std::int64_t page_rows = 1024;  // Read at once when memory is filled.

constexpr std::array<facts::Kind, 13> kinds{
    facts::Internal::WORKSPACE_MADE,    facts::Internal::WORKSPACE_ENROLLED,
    facts::Internal::WORKSPACES_PURGED, events::Type::WORKSPACE_AWAITING_AGENT,
    events::Type::WORKSPACE_ONLINE,     events::Type::WORKSPACE_DEGRADED,
    events::Type::WORKSPACE_OFFLINE,    events::Type::WORKSPACE_PAUSED,
    events::Type::WORKSPACE_HIBERNATED, events::Type::WORKSPACE_PROVISION_FAILED,
    events::Type::WORKSPACE_REMOVED,    events::Type::WORKSPACE_UPDATED,
    events::Type::AGENT_CARD_UPDATED};

void change(Entry& entry, const facts::Fact& fact) {
  const auto changed = fact.read<events::Changed>();
  if (changed.name) entry.name = *changed.name;
  if (changed.role) entry.role = *changed.role;
  if (changed.tier) entry.tier = *changed.tier;
  if (changed.runtime) entry.runtime = *changed.runtime;
  if (changed.url) entry.url = *changed.url;
  if (changed.parent_id) entry.parent = *changed.parent_id;
}

// What a fact about a workspace that is there makes of it.
void follow(Entry& entry, const facts::Fact& fact) {
  if (fact.kind == facts::Kind(facts::Internal::WORKSPACE_ENROLLED)) {
    auto enrolled = fact.read<facts::WorkspaceEnrolled>();
    entry.url = std::move(enrolled.url);
    entry.show_card(std::move(enrolled.agent_card));
    entry.chosen = enrolled.delivery;
  } else if (fact.kind == facts::Kind(events::Type::WORKSPACE_UPDATED)) {
    change(entry, fact);
  } else if (fact.kind == facts::Kind(events::Type::AGENT_CARD_UPDATED)) {
    entry.show_card(fact.read<events::CardUpdated>().agent_card);
  } else if (auto status = status_after(std::get<events::Type>(fact.kind))) {
    entry.status = *status;
    if (*status == Status::removed) entry.removed_at = fact.at;
  }
  entry.delivery = effective_delivery(entry.chosen, entry.runtime, entry.url);
}

Entry entry_of(store::Known known) {
  Entry entry;
  entry.id = known.id;
  entry.parent = known.parent;
  entry.name = std::move(known.name);
  entry.role = std::move(known.role);
  entry.tier = known.tier;
  entry.runtime = std::move(known.runtime);
  entry.status = known.status;
  entry.url = std::move(known.url);
  entry.show_card(std::move(known.agent_card));
  entry.chosen = known.delivery;
  entry.delivery = effective_delivery(entry.chosen, entry.runtime, entry.url);
  entry.max_concurrent_tasks = known.max_concurrent_tasks;
  entry.budget_limit = known.budget_limit;
  entry.removed_at = known.removed_at;
  entry.created_at = known.created_at;
  return entry;
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

Delivery effective_delivery(std::optional<Delivery> chosen, std::string_view runtime,
                            std::string_view url) {
  if (chosen) return *chosen;
  return joins_by_itself(runtime) && url.empty() ? Delivery::poll : Delivery::push;
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

void Directory::note_spend(WorkspaceId id, std::int64_t cents) {
  entries_.write([&](auto& map) {
    auto it = map.find(id);
    if (it != map.end()) it->second.monthly_spend = cents;
  });
}

std::span<const facts::Kind> Directory::applies() const { return kinds; }

Directory::Place Directory::load(sql::Statements& statements) {
  Entries entries;
  Instant made;
  WorkspaceId last;
  for (bool more = true; more;) {
    auto known = statements.all(store::known, made, last, page_rows);
    more = static_cast<std::int64_t>(known.size()) == page_rows;
    if (known.empty()) break;
    made = known.back().created_at;
    last = known.back().id;
    for (store::Known& each : known) entries.emplace(each.id, entry_of(std::move(each)));
  }
  return [this, entries = std::move(entries)]() mutable {
    entries_.write([&](Entries& map) { map.swap(entries); });
  };
}

void Directory::apply(const facts::Fact& fact) {
  if (fact.kind == facts::Kind(facts::Internal::WORKSPACE_MADE)) return made(fact);
  if (fact.kind == facts::Kind(facts::Internal::WORKSPACES_PURGED)) return purged(fact);
  entries_.write([&](auto& map) {
    auto it = map.find(fact.workspace);
    if (it != map.end()) follow(it->second, fact);
  });
}

void Directory::made(const facts::Fact& fact) {
  auto made = fact.read<facts::WorkspaceMade>();
  Entry entry;
  entry.id = fact.workspace;
  entry.parent = made.parent;
  entry.name = std::move(made.name);
  entry.role = std::move(made.role);
  entry.tier = made.tier;
  entry.runtime = std::move(made.runtime);
  entry.status = made.status;
  entry.url = std::move(made.url);
  if (made.agent_card) entry.show_card(std::move(*made.agent_card));
  entry.chosen = made.delivery;
  entry.delivery = effective_delivery(entry.chosen, entry.runtime, entry.url);
  entry.max_concurrent_tasks = made.max_concurrent_tasks;
  entry.budget_limit = made.budget_limit;
  entry.created_at = fact.at;
  entries_.write([&](auto& map) { map.insert_or_assign(entry.id, std::move(entry)); });
}

// What is left below a purged one has no parent.
void Directory::purged(const facts::Fact& fact) {
  auto gone = fact.read<facts::WorkspacesPurged>();
  const std::unordered_set<WorkspaceId> ids(gone.ids.begin(), gone.ids.end());
  entries_.write([&](auto& map) {
    std::erase_if(map, [&](const auto& each) { return ids.contains(each.first); });
    for (auto& [id, entry] : map) {
      if (entry.parent && ids.contains(*entry.parent)) entry.parent.reset();
    }
  });
}

}  // namespace molecule::workspaces
