// Room for cards: where each stands so that no two touch. The canvas does the same with the same
// numbers (web/src/canvas/room.ts), so a place that is given out here is free there too; the cases
// in places_cases.h hold both to it.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace molecule::workspaces {

struct Spot {
  double x = 0;
  double y = 0;
  friend bool operator==(const Spot&, const Spot&) = default;
};

struct Extent {
  double w = 0;
  double h = 0;
  friend bool operator==(const Extent&, const Extent&) = default;
};

struct Area {
  double x = 0;
  double y = 0;
  double w = 0;
  double h = 0;
};

// Areas by where they are, so that asking what is near costs the same among ten and ten thousand.
class Taken {
 public:
  explicit Taken(double gap) : gap_(gap) {}

  void add(const Area& area);
  // One that is nearer than the gap, if there is any. Until the next add().
  const Area* near(const Area& area) const;
  double gap() const { return gap_; }
  double bottom() const { return bottom_; }

  // The last pile that was cleared, and how far out; no corner: none was.
  struct Pile {
    Spot at;
    int corner = 0;
  };
  const Pile& pile() const { return pile_; }
  void cleared(const Pile& pile) const { pile_ = pile; }

 private:
  mutable Pile pile_;
  double gap_;
  double bottom_ = 0;
  bool empty_ = true;
  std::unordered_map<std::uint64_t, std::vector<Area>> fields_;
};

// The nearest free place to the right of and below the wish.
Spot place_for(const Area& wish, const Taken& taken);

// What is further to the left and to the top stays, the others go right or down from it.
std::vector<Spot> make_room(std::span<const Area> wishes, double gap);

}  // namespace molecule::workspaces
