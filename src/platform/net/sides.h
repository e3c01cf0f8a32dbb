// Who waits for a stream that is no socket of its own, and until when: one sleeper and one deadline
// for each direction. Whoever moves the bytes rings. Belongs to one loop.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "platform/io/loop.h"
#include "platform/net/stream.h"
#include "platform/net/wheel.h"

namespace molecule::net {

class Sides : public std::enable_shared_from_this<Sides> {
 public:
  explicit Sides(io::Loop& loop) : loop_(loop) {}
  Sides(const Sides&) = delete;
  Sides& operator=(const Sides&) = delete;

  // As Stream::arm. `ready`: something can be moved already; it is told in a later turn, so that
  // one stream does not keep the loop.
  bool arm(Direction direction, Sleeper& sleeper, Wake* at_once, bool ready) noexcept;
  void disarm(Direction direction) noexcept { sides_[index(direction)].sleeper = nullptr; }
  void set_deadline(Direction direction, TimePoint at) noexcept;
  bool waits(Direction direction) const { return sides_[index(direction)].sleeper != nullptr; }
  // Wakes who waits, in a turn of its own.
  void ring(Direction direction) noexcept;

 protected:
  ~Sides() = default;

 private:
  struct Wait final : Wheel::Entry {
    Sleeper* sleeper = nullptr;
    TimePoint deadline = no_deadline;
    bool rung = false;    // The deadline has passed.
    bool posted = false;  // A wake is on its way.
    void on_due() noexcept override;
  };
  static std::size_t index(Direction direction) { return direction == Direction::read ? 0 : 1; }

  io::Loop& loop_;
  std::array<Wait, 2> sides_;
};

}  // namespace molecule::net
