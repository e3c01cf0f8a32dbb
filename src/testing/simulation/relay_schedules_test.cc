#include "platform/log/log.h"
#include "testing/simulation/relay_schedule.h"
#include "testing/simulation/schedules_fixture.h"

namespace molecule::simulation {
namespace {

constexpr std::uint64_t usual_count = 300;

// Connections break all the time here, and each break is worth a line elsewhere.
class RelaySchedules : public ::testing::Test {
 public:
  static void SetUpTestSuite() { log::set_threshold(log::Level::error); }
  static void TearDownTestSuite() { log::set_threshold(log::Level::info); }
};

TEST_F(RelaySchedules, WhateverBreaksEveryByteArrivesOnceAndInOrder) {
  play_many(play_relays, usual_count);
}

TEST_F(RelaySchedules, OneSeedPlaysOneScheduleOfRelays) {
  for (std::uint64_t seed : {7, 8, 9}) {
    const Played once = play_relays(seed), again = play_relays(seed);
    EXPECT_EQ(once.steps, again.steps);
    EXPECT_EQ(once.problems, again.problems);
  }
}

}  // namespace
}  // namespace molecule::simulation
