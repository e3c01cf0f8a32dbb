#include "testing/simulation/schedules_fixture.h"

namespace molecule::simulation {
namespace {

constexpr std::uint64_t usual_count = 500;

TEST(Schedules, WhateverHappensTheLedgerHolds) { play_many(play, usual_count); }

// What found something once: a message that is accepted while its target is being removed, and
// carried to an agent that says nothing.
TEST(Schedules, ThoseThatFailedBeforeHold) {
  for (std::uint64_t seed : {70'658}) {
    const Played played = play(seed);
    EXPECT_TRUE(played.problems.empty()) << "seed " << seed << told(played);
  }
}

TEST(Schedules, OneSeedPlaysOneSchedule) {
  for (std::uint64_t seed : {7, 8, 9}) {
    const Played once = play(seed), again = play(seed);
    EXPECT_EQ(once.steps, again.steps);
    EXPECT_EQ(once.problems, again.problems);
  }
}

}  // namespace
}  // namespace molecule::simulation
