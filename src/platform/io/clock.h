// Time and chance come from here and nowhere else, so every test and every simulated failure
// replays.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>

#include "base/id.h"
#include "base/instant.h"

namespace molecule::io {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time; may step. For what is stored and shown.
  virtual Instant now() const = 0;
  // Never goes back; its zero means nothing. For measuring: silence, waits, limits, ages in memory.
  // It stands while the machine sleeps (CLOCK_MONOTONIC, not CLOCK_BOOTTIME), since what is
  // measured is how long others could have been heard; a process that was stopped sees it jump, and
  // whoever judges silence has to notice that.
  virtual std::chrono::nanoseconds monotonic() const = 0;
  // The wall time at which this clock was made, and what monotonic() has counted since: for waits
  // that are stored, which a step of the wall clock must not make longer or shorter.
  virtual Instant steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
  std::chrono::nanoseconds monotonic() const override;
  Instant steady() const override;

 private:
  Instant made_at_ = now();
  std::chrono::nanoseconds made_ = monotonic();
};

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> bytes) = 0;  // Any thread.

  std::uint64_t number();
  // UUID v4: for names that must not be guessable.
  template <class I>
  I id() {
    IdBytes bytes{};
    fill(bytes);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    return I(bytes);
  }
  // UUID v7 (RFC 9562 §5.7): time-ordered, so an index over them grows at its end.
  template <class I>
  I ordered_id(Instant now) {
    IdBytes bytes{};
    fill(bytes);
    auto millis = static_cast<std::uint64_t>(now.micros() / 1000);
    for (int i = 5; i >= 0; --i) {
      bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(millis);
      millis >>= 8;
    }
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x70);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
    return I(bytes);
  }
};

// The kernel's generator, read in blocks per thread.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override;
};

}  // namespace molecule::io
