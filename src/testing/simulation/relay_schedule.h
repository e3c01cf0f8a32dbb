// A schedule of agents that dial in over a network that breaks, drawn from a seed.
#pragma once

#include <cstdint>

#include "testing/simulation/schedule.h"

namespace molecule::simulation {

Played play_relays(std::uint64_t seed);

}  // namespace molecule::simulation
