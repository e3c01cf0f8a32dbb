// Whose turn it is to be told: a bounded number of receivers at once, of which no owner and no host
// has more than its part.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "platform/io/waits.h"
#include "platform/sql/database.h"
#include "server/push_notifications/push_notifications_store.h"

namespace molecule::push_notifications {

constexpr io::Waits again_waits{std::chrono::seconds(1), std::chrono::seconds(600),
                                std::chrono::hours(24)};

// Who set a configuration; empty: people, who count as one.
using Owner = std::optional<WorkspaceId>;

class Places {
 public:
  struct Bounds {
    std::size_t all = 64;
    std::size_t of_owner = 16;
    std::size_t of_host = 8;
  };
  explicit Places(Bounds bounds) : bounds_(bounds) {}

  bool full() const { return taken_.size() >= bounds_.all; }
  std::size_t of(const Owner& owner) const;
  std::size_t at_most_of_owner() const { return bounds_.of_owner; }
  // False: it has one, or there is none for it now.
  bool take(const Due& due);
  void give_back(const Due& due);

 private:
  Bounds bounds_;
  std::unordered_set<Key> taken_;
  std::unordered_map<Owner, std::size_t> owners_;
  std::unordered_map<std::string, std::size_t> hosts_;
};

// Who gets the places that are free: who has fewest goes first, and of one owner what was never
// tried. However much of others is due, an owner's turn comes.
// `now` is steady; what is due further ahead than any wait goes was noted by a clock that was
// wrong, and is due now.
std::vector<Due> next_to_tell(sql::Statements& statements, Places places, Instant now);

}  // namespace molecule::push_notifications
