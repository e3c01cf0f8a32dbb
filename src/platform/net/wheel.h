// Deadlines in bulk. A loop has one wheel; thousands of connections keep a deadline each for the
// price of a store, because an entry moves only when its old slot comes round. Kept to about one
// tick; for waits that must be exact use io::sleep.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>

#include "platform/io/loop.h"

namespace molecule::net {

class Wheel {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds tick{100};

  // The wheel of that loop; made at the first call. Call on the loop or before it runs.
  static Wheel& of(io::Loop& loop);

  // Something with a deadline. Leaves the wheel when it dies.
  class Entry {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    virtual ~Entry() { leave(); }

   protected:
    // The deadline has passed. Runs on the loop; the entry is out of the wheel and may be set
    // again.
    virtual void on_due() noexcept = 0;

   private:
    friend class Wheel;
    void leave() noexcept;
    TimePoint due_ = TimePoint::max();
    Wheel* wheel_ = nullptr;
    Entry* next_ = nullptr;
    Entry** link_ = nullptr;
    std::size_t slot_tick_ = 0;
  };

  // Moves the entry's deadline; TimePoint::max() takes it out at the next turn.
  void set(Entry& entry, TimePoint due) noexcept;

  // The time, read cheaply; behind the exact time by a few milliseconds at most.
  static TimePoint now() noexcept;
  // The same, or what the loop's manual timers have for it: for deadlines of streams that a
  // simulation may play.
  static TimePoint now(io::Loop& loop) noexcept;

  struct Impl;
  explicit Wheel(std::unique_ptr<Impl> impl);
  ~Wheel();

 private:
  static constexpr std::size_t slots = 1024;  // About 100 s; later deadlines wait in the last slot.
  // Deadlines told of before the loop does something else: thousands may pass in one tick.
  static constexpr int turn_max = 256;
  void insert(Entry& entry) noexcept;
  void arm(std::size_t at) noexcept;
  void arm(TimePoint at) noexcept;
  TimePoint exact() const noexcept;
  void turn() noexcept;
  void collect(std::size_t until) noexcept;
  static std::size_t tick_of(TimePoint at) noexcept;

  std::unique_ptr<Impl> impl_;
  std::array<Entry*, slots> heads_{};
  Entry* due_ = nullptr;  // Out of their slots, to be looked at.
  std::size_t entries_ = 0;
  std::size_t done_ = 0;  // Ticks up to here have been handled.
  bool armed_ = false;
  bool turning_ = false;
  std::size_t armed_for_ = 0;  // The tick at which the timer fires; no entry is due before it.
};

}  // namespace molecule::net
