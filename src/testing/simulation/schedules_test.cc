#include "testing/simulation/schedules_fixture.h"

namespace molecule::simulation {
namespace {

constexpr std::uint64_t usual_count = 500;

TEST(Schedules, WhateverHappensTheLedgerHolds) { play_many(play, usual_count); }

TEST(Schedules, OneSeedPlaysOneSchedule) {
  for (std::uint64_t seed : {7, 8, 9}) {
    const Played once = play(seed), again = play(seed);
    EXPECT_EQ(once.steps, again.steps);
    EXPECT_EQ(once.problems, again.problems);
  }
}

}  // namespace
}  // namespace molecule::simulation
