// The organisation in memory: every workspace that was not purged, with what the message path and
// the gate need, so that neither reads the store. A projection: changed by facts alone. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"
#include "platform/io/guarded.h"
#include "server/auth/access.h"
#include "server/auth/residents.h"
#include "server/facts/record.h"
#include "server/workspaces/kin.h"
#include "wire/a2a/a2a.h"
#include "wire/api/workspaces.h"

namespace molecule::workspaces {

using Status = api::WorkspaceStatus;
using Delivery = api::DeliveryMode;

struct Entry {
  WorkspaceId id;
  std::optional<WorkspaceId> parent;
  std::string name;
  std::string role;
  int tier = 3;
  std::string runtime;
  Status status = Status::provisioning;
  std::optional<Delivery> chosen;  // Empty until somebody chose.
  Delivery delivery = Delivery::push;
  std::string url;                                // Empty when the agent has none.
  RawJson agent_card;                             // Empty until registered.
  a2a::Generation speaks = a2a::Generation::v03;  // As its card says.
  bool streams = false;                           // As its card says: it can answer in pieces.
  int max_concurrent_tasks = 1;
  std::optional<std::int64_t> budget_limit;  // US cents.
  std::int64_t monthly_spend = 0;            // US cents.
  std::optional<Instant> removed_at;
  Instant created_at;

  // A card is read here, once, and not with every message.
  void show_card(RawJson card);
};

// Runtimes whose agent joins by itself; every other runtime is a container the platform would
// start.
bool joins_by_itself(std::string_view runtime);

// The chosen mode; agents that join by themselves poll unless they have an address.
Delivery effective_delivery(std::optional<Delivery> chosen, std::string_view runtime,
                            std::string_view url);

class Directory final : public auth::Reach, public auth::Residents, public facts::Projection {
 public:
  std::optional<Entry> find(WorkspaceId id) const;
  // What the heartbeat path asks; copies nothing larger.
  struct Brief {
    Status status = Status::provisioning;
    int max_concurrent_tasks = 1;
    bool joins_by_itself = false;  // Its runtime is one that no container is started for.
    bool is_called = false;        // The platform calls it at its own address.
  };
  std::optional<Brief> brief(WorkspaceId id) const;
  // Lets `look` read the entry in place, without a copy; false when there is none. Hold nothing
  // after.
  template <class Fn>
  bool look_at(WorkspaceId id, Fn&& look) const {
    return known_.read([&](const Known& known) {
      auto it = known.entries.find(id);
      if (it == known.entries.end()) return false;
      look(it->second);
      return true;
    });
  }
  // Lets `look` read every entry in place, in no order; removed ones too. Hold nothing after.
  template <class Fn>
  void look_at_all(Fn&& look) const {
    known_.read([&](const Known& known) {
      for (const auto& [id, entry] : known.entries) look(entry);
    });
  }
  // How its agent is reached; push when there is no such workspace.
  Delivery delivery(WorkspaceId id) const {
    Delivery delivery = Delivery::push;
    look_at(id, [&](const Entry& entry) { delivery = entry.delivery; });
    return delivery;
  }
  // A removed workspace counts as reachable, so that its peers are told that it is gone.
  bool may_reach(WorkspaceId from, WorkspaceId to) const override;
  // Whether a message would be taken: both are there, and the one may reach the other.
  bool may_send(WorkspaceId from, WorkspaceId to) const;
  auth::Standing standing(WorkspaceId id) const override;
  // Lets `look` read in place whom it may reach: its siblings, then its children, then its parent,
  // removed ones left out; those behind `from`, else all, until it says false or `max` were read.
  // Answers the last that was read; nothing: there was none. Hold nothing after.
  template <class Fn>
  std::optional<PeerPlace> look_at_peers(WorkspaceId id, const std::optional<PeerPlace>& from,
                                         std::size_t max, Fn&& look) const {
    return known_.read([&](const Known& known) {
      std::optional<PeerPlace> last;
      const auto self = known.entries.find(id);
      if (self == known.entries.end()) return last;
      PeerPlace at = from.value_or(PeerPlace{-1, {}});
      while (max > 0) {
        const auto next = behind(known, self->second, at);
        if (!next) break;
        at = next->first;
        last = at;
        --max;
        if (!look(*next->second)) break;
      }
      return last;
    });
  }
  // Where a peer of it stands among those, also one that was removed; nothing: it is none.
  std::optional<PeerPlace> peer_place(WorkspaceId id, WorkspaceId peer) const;
  std::vector<Entry> all() const;  // Removed ones too; in creation order.

  // What its agent says that it spent: no fact, presence keeps it.
  void note_spend(WorkspaceId id, std::int64_t cents);

 private:
  std::span<const facts::Kind> applies() const override;
  Place load(sql::Statements& statements) override;
  void apply(const facts::Fact& fact) override;
  void made(const facts::Fact& fact);
  void purged(const facts::Fact& fact);
  struct Known {
    std::unordered_map<WorkspaceId, Entry> entries;
    Kin kin;  // Of those that are not removed.

    void put(Entry entry);
    // Changes one that is there, wherever that leads it.
    template <class Fn>
    void change(WorkspaceId id, Fn&& change) {
      const auto it = entries.find(id);
      if (it == entries.end()) return;
      Entry& entry = it->second;
      const auto parent = entry.parent;
      const bool was_there = entry.status != Status::removed;
      change(entry);
      const bool is_there = entry.status != Status::removed;
      if (parent == entry.parent && was_there == is_there) return;
      if (was_there) kin.take(parent, {entry.created_at, id});
      if (is_there) kin.put(entry.parent, {entry.created_at, id});
    }
    void take(WorkspaceId id);
  };
  // The next peer of `self` behind a place.
  static std::optional<std::pair<PeerPlace, const Entry*>> behind(const Known& known,
                                                                  const Entry& self, PeerPlace at);
  io::Guarded<Known> known_;
};

}  // namespace molecule::workspaces
