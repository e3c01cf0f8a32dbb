#include "platform/log/log.h"
#include "testing/simulation/relay_schedule.h"
#include "testing/simulation/schedules_fixture.h"

namespace molecule::simulation {
namespace {

constexpr std::uint64_t usual_count = 300;
constexpr std::uint64_t dialled_count = 50;

// Connections break all the time here, and each break is worth a line elsewhere.
class RelaySchedules : public ::testing::Test {
 public:
  static void SetUpTestSuite() { log::set_threshold(log::Level::error); }
  static void TearDownTestSuite() { log::set_threshold(log::Level::info); }
};

TEST_F(RelaySchedules, WhateverBreaksEveryByteArrivesOnceAndInOrder) {
  play_many(play_relays, usual_count);
}

// What the ledger owes holds over relays as over any link.
TEST_F(RelaySchedules, WhateverBreaksTheLedgerHolds) { play_many(play_dialled, dialled_count); }

TEST_F(RelaySchedules, OneSeedPlaysOneScheduleOfRelays) {
  for (std::uint64_t seed : {7, 8, 9}) {
    const Played once = play_relays(seed), again = play_relays(seed);
    EXPECT_EQ(once.steps, again.steps);
    EXPECT_EQ(once.problems, again.problems);
    const Played carried = play_dialled(seed), carried_again = play_dialled(seed);
    EXPECT_EQ(carried.steps, carried_again.steps);
    EXPECT_EQ(carried.problems, carried_again.problems);
  }
}

}  // namespace
}  // namespace molecule::simulation
