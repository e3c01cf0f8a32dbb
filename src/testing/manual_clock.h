// A clock that moves when the test says so, and chance that repeats.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>

#include "platform/io/clock.h"

namespace molecule::test {

class ManualClock final : public io::Clock {
 public:
  // 2026-01-02T03:04:05Z.
  static constexpr std::int64_t start_micros = 1'767'323'045'000'000;

  static constexpr std::int64_t start_monotonic = 1'000'000'000;

  Instant now() const override { return Instant::from_micros(wall_.load()); }
  std::chrono::nanoseconds monotonic() const override {
    return std::chrono::nanoseconds(monotonic_.load());
  }
  Instant steady() const override {
    return Instant::from_micros(start_micros + (monotonic_.load() - start_monotonic) / 1000);
  }
  template <class R, class P>
  void advance(std::chrono::duration<R, P> by) {
    wall_ += std::chrono::duration_cast<std::chrono::microseconds>(by).count();
    monotonic_ += std::chrono::duration_cast<std::chrono::nanoseconds>(by).count();
  }
  // The wall clock alone: somebody set it.
  template <class R, class P>
  void step(std::chrono::duration<R, P> by) {
    wall_ += std::chrono::duration_cast<std::chrono::microseconds>(by).count();
  }

 private:
  std::atomic<std::int64_t> wall_{start_micros};
  std::atomic<std::int64_t> monotonic_{start_monotonic};
};

// The same bytes in every run, different ones in every call. Any thread.
class CountingRandom final : public io::Random {
 public:
  void fill(std::span<std::uint8_t> bytes) override {
    std::uint64_t state = next_.fetch_add(1) * 0x9e3779b97f4a7c15ULL;
    for (std::uint8_t& byte : bytes) {
      state += 0x9e3779b97f4a7c15ULL;
      std::uint64_t mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ULL;
      mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
      byte = static_cast<std::uint8_t>(mixed >> 56);
    }
  }

 private:
  std::atomic<std::uint64_t> next_{1};
};

}  // namespace molecule::test
