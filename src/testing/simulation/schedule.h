// A schedule: what happens to an organisation, in an order drawn from a seed, and what it came to.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace molecule::simulation {

struct Played {
  std::vector<std::string> steps;     // In words, with the time of each.
  std::vector<std::string> problems;  // What did not hold; none when all did.
};

Played play(std::uint64_t seed);
// With agents that dial in, over networks that break.
Played play_dialled(std::uint64_t seed);

}  // namespace molecule::simulation
