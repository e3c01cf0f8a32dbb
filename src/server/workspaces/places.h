// Where every card of the canvas stands, in memory, so that a new one can be given a place of its
// own whether or not a page is open. A projection of the log; what a transaction has just given out
// is noted at once, so that the next one in the same commit does not get it too.
//
// Stored places are absolute. A team is as large as what is in it, and makes its neighbours give
// way; that is worked out here as the canvas does (web/src/canvas/layout.ts), lazily and by team.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "base/instant.h"
#include "platform/io/guarded.h"
#include "server/facts/projection.h"
#include "server/workspaces/room.h"

namespace molecule::workspaces {

// One thread at a time.
class Floor {
 public:
  // A card that is new, or stands elsewhere, in another team, or is folded now.
  void put(WorkspaceId id, const std::optional<WorkspaceId>& parent, Spot at, bool folded);
  void erase(WorkspaceId id);
  bool holds(WorkspaceId id) const { return cards_.contains(id); }
  // What of a card is not said stays.
  void change(WorkspaceId id, const std::optional<std::optional<WorkspaceId>>& parent,
              std::optional<Spot> at, std::optional<bool> folded);
  // The absolute place of the next new card of that team, or of the canvas itself. The origin,
  // which means none, in a team that stands nowhere itself.
  Spot free_place(const std::optional<WorkspaceId>& parent);

 private:
  struct Card {
    WorkspaceId parent;  // Nil: the canvas itself.
    Spot at;
    bool folded = false;
    std::uint64_t made = 0;
  };
  // What stands in one team, as it is drawn.
  struct Team {
    Taken taken;
    Extent extent;
    double area = 0;  // Of its cards, each with the gap it needs.
    int columns = 0;
    std::int64_t next_slot = 0;  // Those before are taken.
    bool waited = false;         // Some have no place and stand in free slots.
  };

  bool placed(WorkspaceId id) const;
  bool stands(WorkspaceId team) const;
  Team& team(WorkspaceId id);
  // With room reckoned for that much more.
  Team drawn(WorkspaceId id, double more);
  Extent extent_of(WorkspaceId id);
  Spot free_slot(Team& team, bool on_canvas, Extent size);
  void enter(Team& team, const Area& area, bool on_canvas);
  void forget(WorkspaceId team);
  void leave_parent(WorkspaceId id, WorkspaceId parent);

  std::unordered_map<WorkspaceId, Card> cards_;
  std::unordered_map<WorkspaceId, std::vector<WorkspaceId>> inside_;  // In order of creation.
  std::unordered_map<WorkspaceId, Team> teams_;
  std::uint64_t made_ = 0;
};

class Places final : public facts::Projection {
 public:
  // Takes a place for a card that is about to be made. Any thread.
  Spot take(WorkspaceId id, const std::optional<WorkspaceId>& parent, Instant now);
  // A place for a card that moves there.
  Spot free_place(const std::optional<WorkspaceId>& parent);

 private:
  struct Promise {
    WorkspaceId id;
    Instant at;
  };
  struct Known {
    Floor floor;
    std::vector<Promise> promised;  // Not on the log yet.
  };
  std::span<const facts::Kind> applies() const override;
  Place load(sql::Statements& statements) override;
  void apply(const facts::Fact& fact) override;
  io::Guarded<Known> known_;
};

}  // namespace molecule::workspaces
