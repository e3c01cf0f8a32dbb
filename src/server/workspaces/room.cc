#include "server/workspaces/room.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <queue>
#include <set>
#include <utility>

namespace molecule::workspaces {

namespace {

constexpr double field_w = 1280;
constexpr double field_h = 1024;
constexpr int tries_most = 120;  // A pile too deep for a search is cleared by looking around it.

std::uint64_t field_at(std::int64_t column, std::int64_t row) {
  return (static_cast<std::uint64_t>(column) << 32) ^
         (static_cast<std::uint64_t>(row) & 0xffffffffU);
}

std::int64_t index_of(double at, double size) {
  return static_cast<std::int64_t>(std::floor(at / size));
}

// Calls `look` with each field that the area, and so much around it, lies on, until it says true.
template <class Fn>
bool any_field(const Area& area, double around, Fn&& look) {
  const std::int64_t right = index_of(area.x + area.w + around, field_w);
  const std::int64_t bottom = index_of(area.y + area.h + around, field_h);
  for (std::int64_t column = index_of(area.x - around, field_w); column <= right; ++column) {
    for (std::int64_t row = index_of(area.y - around, field_h); row <= bottom; ++row) {
      if (look(field_at(column, row))) return true;
    }
  }
  return false;
}

struct Try {
  double cost = 0;
  int made = 0;  // Of two that cost the same the earlier is looked at first.
  Spot at;
  friend bool operator<(const Try& a, const Try& b) {
    return a.cost != b.cost ? a.cost > b.cost : a.made > b.made;
  }
};

}  // namespace

void Taken::add(const Area& area) {
  const double bottom = area.y + area.h;
  bottom_ = empty_ ? bottom : std::max(bottom_, bottom);
  empty_ = false;
  any_field(area, gap_, [&](std::uint64_t field) {
    fields_[field].push_back(area);
    return false;
  });
}

const Area* Taken::near(const Area& area) const {
  const Area* found = nullptr;
  any_field(area, 0, [&](std::uint64_t field) {
    auto there = fields_.find(field);
    if (there == fields_.end()) return false;
    for (const Area& each : there->second) {
      if (area.x < each.x + each.w + gap_ && each.x < area.x + area.w + gap_ &&
          area.y < each.y + each.h + gap_ && each.y < area.y + area.h + gap_) {
        found = &each;
        return true;
      }
    }
    return false;
  });
  return found;
}

namespace {

// The first free place in a grid of cards of this size, corner after corner further away: a pile
// spreads as wide as deep. What is as far in as the last one that was found in the same pile is
// full, or as good as full.
Spot around_pile(const Area& wish, const Taken& taken) {
  const double wide = wish.w + taken.gap();
  const double high = wish.h + taken.gap();
  Spot at;
  auto free = [&](int column, int line) {
    at = {wish.x + column * wide, wish.y + line * high};
    return taken.near({at.x, at.y, wish.w, wish.h}) == nullptr;
  };
  const Taken::Pile& pile = taken.pile();
  const bool same = pile.corner > 0 && std::abs(wish.x - pile.at.x) <= pile.corner * wide &&
                    std::abs(wish.y - pile.at.y) <= pile.corner * high;
  for (int corner = same ? std::max(1, pile.corner - 1) : 1;; ++corner) {
    taken.cleared({{wish.x, wish.y}, corner});
    for (int line = 0; line <= corner; ++line) {
      if (free(corner, line)) return at;
    }
    for (int column = corner - 1; column >= 0; --column) {
      if (free(column, corner)) return at;
    }
  }
}

}  // namespace

Spot place_for(const Area& wish, const Taken& taken) {
  std::priority_queue<Try> tries;
  std::set<std::pair<double, double>> seen;
  int made = 0;
  auto reach = [&](double x, double y) {
    if (!seen.emplace(x, y).second) return;
    tries.push({std::abs(x - wish.x) + std::abs(y - wish.y), made++, {x, y}});
  };
  reach(wish.x, wish.y);
  for (int count = 0; count < tries_most && !tries.empty(); ++count) {
    const Spot at = tries.top().at;
    tries.pop();
    const Area* other = taken.near({at.x, at.y, wish.w, wish.h});
    if (other == nullptr) return at;
    reach(other->x + other->w + taken.gap(), at.y);
    reach(at.x, other->y + other->h + taken.gap());
  }
  return around_pile(wish, taken);
}

std::vector<Spot> make_room(std::span<const Area> wishes, double gap) {
  std::vector<std::size_t> order(wishes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t one, std::size_t other) {
    const Area& a = wishes[one];
    const Area& b = wishes[other];
    const double from_corner = a.x + a.y - b.x - b.y;
    if (from_corner != 0) return from_corner < 0;
    return a.y != b.y ? a.y < b.y : one < other;
  });
  Taken taken(gap);
  std::vector<Spot> spots(wishes.size());
  for (std::size_t each : order) {
    const Area& wish = wishes[each];
    spots[each] = place_for(wish, taken);
    taken.add({spots[each].x, spots[each].y, wish.w, wish.h});
  }
  return spots;
}

}  // namespace molecule::workspaces
