#include "server/presence/roster.h"

#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "testing/manual_clock.h"

namespace molecule::presence {
namespace {

using namespace std::chrono_literals;

class RosterTest : public ::testing::Test {
 protected:
  Beat beat_of(WorkspaceId id, std::string task = "") {
    Beat beat;
    beat.workspace = id;
    beat.current_task = std::move(task);
    return beat;
  }
  test::ManualClock clock;
  test::CountingRandom random;
  Roster roster{clock, Limits{}};
};

TEST_F(RosterTest, NobodyUnknownIsFresh) {
  workspaces::Vitals vitals = roster.of(random.id<WorkspaceId>());
  EXPECT_FALSE(vitals.last_heartbeat_at);
  EXPECT_FALSE(vitals.fresh);
  EXPECT_FALSE(vitals.late);
}

TEST_F(RosterTest, ASlotWaitsOnceHoweverOftenItBeats) {
  WorkspaceId id = random.id<WorkspaceId>();
  for (int n = 0; n < 3; ++n) roster.hear(beat_of(id), clock.now());
  EXPECT_EQ(roster.take_dirty(10).size(), 1u);
  EXPECT_FALSE(roster.has_dirty());
  roster.hear(beat_of(id), clock.now());
  EXPECT_EQ(roster.take_dirty(10).size(), 1u);
}

TEST_F(RosterTest, TheOldestWaitsShortest) {
  std::vector<Roster::Slot> order;
  for (int n = 0; n < 5; ++n)
    order.push_back(roster.hear(beat_of(random.id<WorkspaceId>()), clock.now()).slot);
  std::vector<Roster::Slot> taken = roster.take_dirty(2);
  EXPECT_EQ(taken, (std::vector{order[0], order[1]}));
  EXPECT_EQ(roster.waiting(), 3u);
}

TEST_F(RosterTest, AForgottenSlotServesAnotherWithoutItsPast) {
  WorkspaceId first = random.id<WorkspaceId>();
  Beat last = beat_of(first, "secret work");
  last.monthly_spend = 9;
  Roster::Slot slot = roster.hear(last, clock.now()).slot;
  roster.forget(first);
  EXPECT_FALSE(roster.snapshot(slot));
  WorkspaceId second = random.id<WorkspaceId>();
  roster.expect(second, clock.now());
  workspaces::Vitals vitals = roster.of(second);
  EXPECT_EQ(vitals.current_task, "");
  EXPECT_EQ(vitals.monthly_spend, 0);
  EXPECT_FALSE(vitals.last_heartbeat_at);
  EXPECT_EQ(roster.hear(beat_of(second), clock.now()).slot, slot);
}

TEST_F(RosterTest, ASpendOfZeroIsNoNews) {
  WorkspaceId id = random.id<WorkspaceId>();
  Beat beat = beat_of(id);
  beat.monthly_spend = 5;
  roster.hear(beat, clock.now());
  roster.hear(beat_of(id), clock.now());
  EXPECT_EQ(roster.of(id).monthly_spend, 5);
}

TEST_F(RosterTest, SilenceIsMarkedOnlyIfNobodyWasHeardMeanwhile) {
  WorkspaceId id = random.id<WorkspaceId>();
  roster.hear(beat_of(id), clock.now());
  clock.advance(90s);
  auto quiet = roster.quiet();
  ASSERT_EQ(quiet.size(), 1u);
  EXPECT_EQ(quiet[0].age, 90s);
  roster.hear(beat_of(id), clock.now());
  EXPECT_TRUE(roster.heard_since(quiet[0]));
  roster.mark(quiet[0], Phase::silent);
  clock.advance(60s);
  ASSERT_EQ(roster.quiet().size(), 1u);
  EXPECT_EQ(roster.quiet()[0].told, Phase::fresh);
}

TEST_F(RosterTest, AStepOfTheWallClockSilencesNobody) {
  WorkspaceId id = random.id<WorkspaceId>();
  clock.advance(1h);
  roster.hear(beat_of(id), clock.now());
  for (auto step : {2h, -4h}) {
    clock.step(step);
    EXPECT_TRUE(roster.quiet().empty());
    EXPECT_TRUE(roster.of(id).fresh);
    EXPECT_FALSE(roster.of(id).late);
  }
  clock.advance(90s);
  EXPECT_EQ(roster.quiet().size(), 1u);
  EXPECT_FALSE(roster.of(id).fresh);
}

TEST_F(RosterTest, AfterAGapEverybodyHasOnePeriod) {
  WorkspaceId id = random.id<WorkspaceId>();
  roster.hear(beat_of(id), clock.now());
  clock.advance(1h);
  roster.give_grace();
  EXPECT_TRUE(roster.quiet().empty());
  EXPECT_FALSE(roster.of(id).late);
  EXPECT_FALSE(roster.of(id).fresh) << "what it said is an hour old all the same";
  clock.advance(60s);
  ASSERT_EQ(roster.quiet().size(), 1u);
  EXPECT_EQ(roster.quiet()[0].age, 60s);
  clock.advance(30s);
  EXPECT_EQ(roster.quiet()[0].age, 90s);
}

TEST_F(RosterTest, WhatTheStoreRemembersCountsFromTheStart) {
  WorkspaceId id = random.id<WorkspaceId>();
  workspaces::Vitals stored;
  stored.last_heartbeat_at = clock.now() - 1h;
  roster.restore(id, stored);
  EXPECT_TRUE(roster.quiet().empty()) << "nobody could be heard before";
  EXPECT_FALSE(roster.of(id).fresh);
  clock.advance(90s);
  ASSERT_EQ(roster.quiet().size(), 1u);
  EXPECT_EQ(roster.quiet()[0].age, 90s);
}

TEST_F(RosterTest, ThreadsBeatAndReadAndPurgeAtOnce) {
  constexpr int agents = 3000;  // More than one piece of the roster.
  std::vector<WorkspaceId> ids;
  for (int n = 0; n < agents; ++n) ids.push_back(random.id<WorkspaceId>());
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < agents; ++n) {
        Roster::Heard heard = roster.hear(
            beat_of(ids[static_cast<std::size_t>((n * 7 + t) % agents)], "t"), clock.now());
        if (heard.task_changed) roster.urge(heard.slot);
      }
    });
  }
  std::thread reader([&] {
    while (!over) {
      for (Roster::Slot slot : roster.take_urgent(64)) {
        if (auto said = roster.snapshot(slot)) roster.told(*said);
      }
      roster.quiet();
      roster.of(ids[0]);
    }
  });
  std::thread purger([&] {
    for (int n = 0; n < 200; ++n) roster.forget(ids[static_cast<std::size_t>(n)]);
  });
  for (std::thread& thread : threads) thread.join();
  purger.join();
  over = true;
  reader.join();
  for (int n = 200; n < agents; ++n) {
    EXPECT_EQ(roster.of(ids[static_cast<std::size_t>(n)]).current_task, "t");
  }
  std::set<Roster::Slot> once;
  for (Roster::Slot slot : roster.take_dirty(100'000))
    EXPECT_TRUE(once.insert(slot).second) << slot;
}

}  // namespace
}  // namespace molecule::presence
