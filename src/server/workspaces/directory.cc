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

// Behind its siblings, which are of rank 0.
constexpr int child_rank = 1;
constexpr int parent_rank = 2;

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
  return known_.read([&](const Known& known) -> std::optional<Entry> {
    auto it = known.entries.find(id);
    if (it == known.entries.end()) return std::nullopt;
    return it->second;
  });
}

std::optional<Directory::Brief> Directory::brief(WorkspaceId id) const {
  return known_.read([&](const Known& known) -> std::optional<Brief> {
    auto it = known.entries.find(id);
    if (it == known.entries.end()) return std::nullopt;
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
  return known_.read([&](const Known& known) {
    auto asker = known.entries.find(from);
    auto target = known.entries.find(to);
    return asker != known.entries.end() && target != known.entries.end() &&
           related(asker->second, target->second);
  });
}

bool Directory::may_send(WorkspaceId from, WorkspaceId to) const {
  return standing(from) == auth::Standing::present && standing(to) == auth::Standing::present &&
         may_reach(from, to);
}

auth::Standing Directory::standing(WorkspaceId id) const {
  return known_.read([&](const Known& known) {
    auto it = known.entries.find(id);
    if (it == known.entries.end()) return auth::Standing::unknown;
    return it->second.status == Status::removed ? auth::Standing::removed : auth::Standing::present;
  });
}

std::optional<std::pair<PeerPlace, const Entry*>> Directory::behind(const Known& known,
                                                                    const Entry& self,
                                                                    PeerPlace at) {
  const std::span<const Kin::Place> lists[] = {known.kin.below(self.parent),
                                               known.kin.below(self.id)};
  for (int rank = std::max(at.rank, 0); rank < parent_rank; ++rank) {
    const std::span<const Kin::Place> list = lists[rank];
    auto next = rank == at.rank ? std::ranges::upper_bound(list, at.place) : list.begin();
    if (next != list.end() && next->id == self.id) ++next;
    if (next != list.end())
      return std::pair(PeerPlace{rank, *next}, &known.entries.find(next->id)->second);
  }
  if (at.rank == parent_rank || !self.parent) return std::nullopt;
  const auto parent = known.entries.find(*self.parent);
  if (parent == known.entries.end() || parent->second.status == Status::removed)
    return std::nullopt;
  const Entry& entry = parent->second;
  return std::pair(PeerPlace{parent_rank, {entry.created_at, entry.id}}, &entry);
}

std::optional<PeerPlace> Directory::peer_place(WorkspaceId id, WorkspaceId peer) const {
  return known_.read([&](const Known& known) -> std::optional<PeerPlace> {
    const auto self = known.entries.find(id);
    const auto other = known.entries.find(peer);
    if (self == known.entries.end() || other == known.entries.end() || id == peer ||
        !related(self->second, other->second))
      return std::nullopt;
    const Entry& entry = other->second;
    const int rank = entry.parent == id            ? child_rank
                     : self->second.parent == peer ? parent_rank
                                                   : 0;
    return PeerPlace{rank, {entry.created_at, entry.id}};
  });
}

std::vector<Entry> Directory::all() const {
  std::vector<Entry> entries = known_.read([](const Known& known) {
    std::vector<Entry> found;
    found.reserve(known.entries.size());
    for (const auto& [id, entry] : known.entries) found.push_back(entry);
    return found;
  });
  std::sort(entries.begin(), entries.end(), older);
  return entries;
}

void Directory::note_spend(WorkspaceId id, std::int64_t cents) {
  known_.write([&](Known& known) {
    auto it = known.entries.find(id);
    if (it != known.entries.end()) it->second.monthly_spend = cents;
  });
}

std::span<const facts::Kind> Directory::applies() const { return kinds; }

Directory::Place Directory::load(sql::Statements& statements) {
  Known all;
  Instant made;
  WorkspaceId last;
  for (bool more = true; more;) {
    auto known = statements.all(store::known, made, last, page_rows);
    more = static_cast<std::int64_t>(known.size()) == page_rows;
    if (known.empty()) break;
    made = known.back().created_at;
    last = known.back().id;
    for (store::Known& each : known) all.put(entry_of(std::move(each)));
  }
  return [this, all = std::move(all)]() mutable {
    known_.write([&](Known& known) { std::swap(known, all); });
  };
}

void Directory::apply(const facts::Fact& fact) {
  if (fact.kind == facts::Kind(facts::Internal::WORKSPACE_MADE)) return made(fact);
  if (fact.kind == facts::Kind(facts::Internal::WORKSPACES_PURGED)) return purged(fact);
  known_.write([&](Known& known) {
    known.change(fact.workspace, [&](Entry& entry) { follow(entry, fact); });
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
  known_.write([&](Known& known) { known.put(std::move(entry)); });
}

// What is left below a purged one has no parent.
void Directory::purged(const facts::Fact& fact) {
  auto gone = fact.read<facts::WorkspacesPurged>();
  const std::unordered_set<WorkspaceId> ids(gone.ids.begin(), gone.ids.end());
  known_.write([&](Known& known) {
    for (const WorkspaceId& id : ids) known.take(id);
    std::vector<WorkspaceId> left;
    for (const auto& [id, entry] : known.entries) {
      if (entry.parent && ids.contains(*entry.parent)) left.push_back(id);
    }
    for (const WorkspaceId& id : left) known.change(id, [](Entry& entry) { entry.parent.reset(); });
  });
}

void Directory::Known::put(Entry entry) {
  take(entry.id);
  if (entry.status != Status::removed) kin.put(entry.parent, {entry.created_at, entry.id});
  entries.emplace(entry.id, std::move(entry));
}

void Directory::Known::take(WorkspaceId id) {
  const auto it = entries.find(id);
  if (it == entries.end()) return;
  kin.take(it->second.parent, {it->second.created_at, id});
  entries.erase(it);
}

}  // namespace molecule::workspaces
