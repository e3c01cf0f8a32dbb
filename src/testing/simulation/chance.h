// What a schedule is drawn from: the same numbers for the same seed, on every machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace molecule::simulation {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}

  // Evenly from 0 to `n` - 1.
  std::uint64_t below(std::uint64_t n) { return number() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class T, std::size_t n>
  const T& of(const std::array<T, n>& some) {
    return some[below(some.size())];
  }

 private:
  std::uint64_t number() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t mixed = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
  }

  std::uint64_t state_;
};

}  // namespace molecule::simulation
