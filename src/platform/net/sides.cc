#include "platform/net/sides.h"

#include <utility>

namespace molecule::net {

void Sides::Wait::on_due() noexcept {
  rung = true;
  if (Sleeper* waiting = std::exchange(sleeper, nullptr)) waiting->wake(Wake::deadline);
}

bool Sides::arm(Direction direction, Sleeper& sleeper, Wake* at_once, bool ready) noexcept {
  Wait& side = sides_[index(direction)];
  if (side.rung || side.deadline <= Wheel::now(loop_)) {
    *at_once = Wake::deadline;
    return false;
  }
  side.sleeper = &sleeper;
  if (ready) ring(direction);
  return true;
}

void Sides::set_deadline(Direction direction, TimePoint at) noexcept {
  Wait& side = sides_[index(direction)];
  side.deadline = at;
  side.rung = false;
  Wheel::of(loop_).set(side, at);
}

void Sides::ring(Direction direction) noexcept {
  Wait& side = sides_[index(direction)];
  if (!side.sleeper || std::exchange(side.posted, true)) return;
  loop_.post([self = shared_from_this(), at = index(direction)] {
    Wait& waiting = self->sides_[at];
    waiting.posted = false;
    if (Sleeper* sleeper = std::exchange(waiting.sleeper, nullptr)) sleeper->wake(Wake::ready);
  });
}

}  // namespace molecule::net
