#include "server/push_notifications/turns.h"

#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::push_notifications {
namespace {

using namespace std::chrono_literals;

class PushTurns : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
  }
  // Receivers of one owner, at `hosts` hosts in turn, that are due.
  void add(Owner owner, int count, const std::string& host, int hosts, std::int64_t attempts = 0) {
    write([&](sql::Tx& tx) {
      for (int n = 0; n < count; ++n) {
        const Key key = random.id<Key>();
        const std::int64_t message = ++messages;
        tx.post(store::insert, key, message, "a", owner, agent, "v10", std::nullopt,
                fmt::format("https://{}{}.example/", host, n % hosts), "submitted", clock.now(),
                std::nullopt);
        tx.post(store::add, message, "working", clock.now(), 256);
        tx.post(store::count, message, "working", clock.steady(), 256, std::nullopt);
        for (std::int64_t tried = 0; tried < attempts; ++tried)
          tx.post(store::again, key, 1, clock.steady());
      }
    });
    clock.advance(1s);
  }
  std::vector<Due> next(const Places& places) {
    return read([&](sql::Read& r) { return next_to_tell(r, places, clock.steady()); });
  }
  // How many places each owner gets.
  std::map<Owner, std::size_t> shares(const Places& places) {
    std::map<Owner, std::size_t> out;
    for (const Due& due : next(places)) ++out[due.owner_id];
    return out;
  }

  test::ManualClock clock;
  io::SystemRandom random;
  std::int64_t messages = 0;
  const WorkspaceId agent = random.id<WorkspaceId>();
  const WorkspaceId greedy = random.id<WorkspaceId>(), other = random.id<WorkspaceId>();
};

TEST_P(PushTurns, NoOwnerHasMoreThanItsPartAndPeopleAreOne) {
  add(greedy, 200, "dead", 8);
  add(std::nullopt, 200, "gone", 8);
  add(other, 1, "quick", 1);
  Places places({});
  EXPECT_EQ(shares(places),
            (std::map<Owner, std::size_t>{{greedy, 16}, {std::nullopt, 16}, {other, 1}}));
  for (const Due& due : next(places)) EXPECT_TRUE(places.take(due));
  EXPECT_TRUE(next(places).empty());
}

TEST_P(PushTurns, WhatIsHiddenBehindThousandsOfAnotherIsFound) {
  add(greedy, 4'900, "dead", 1);
  add(std::nullopt, 4'900, "dead", 1);
  add(other, 1, "quick", 1);
  EXPECT_EQ(shares(Places({})).at(other), 1u);
}

TEST_P(PushTurns, WhoHasNoneGoesBeforeWhoHasSome) {
  add(greedy, 100, "dead", 8);
  Places places({5, 4, 4});
  for (const Due& due : next(places)) EXPECT_TRUE(places.take(due));
  EXPECT_EQ(places.of(greedy), 4u);
  add(other, 3, "quick", 1);
  EXPECT_EQ(shares(places), (std::map<Owner, std::size_t>{{other, 1}}));
  EXPECT_EQ(shares(Places({4, 3, 3})), (std::map<Owner, std::size_t>{{greedy, 2}, {other, 2}}));
}

TEST_P(PushTurns, WhatWasNeverTriedGoesBeforeWhatFailed) {
  add(other, 40, "down", 1, 3);
  add(other, 1, "quick", 1);
  auto first = next(Places({1, 1, 1}));
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first.front().attempts, 0);
  EXPECT_EQ(first.front().url, "https://quick0.example/");
}

TEST_P(PushTurns, AHostsPlacesAreGivenBack) {
  add(other, 3, "quick", 1);
  Places places({8, 8, 2});
  auto told = next(places);
  ASSERT_EQ(told.size(), 2u);
  for (const Due& due : told) EXPECT_TRUE(places.take(due));
  EXPECT_FALSE(places.take(told.front()));
  EXPECT_TRUE(next(places).empty());
  places.give_back(told.front());
  EXPECT_EQ(places.of(other), 1u);
  EXPECT_EQ(next(places).size(), 1u);
}

TEST_P(PushTurns, AWallClockThatIsSetChangesNoWait) {
  clock.step(1h);
  add(other, 1, "quick", 1);
  clock.step(-1h);
  EXPECT_EQ(next(Places({})).size(), 1u);
}

TEST_P(PushTurns, WhatAWrongClockPutOffForLongIsDueNow) {
  add(other, 2, "quick", 1);
  const auto due = next(Places({}));
  ASSERT_EQ(due.size(), 2u);
  write([&](sql::Tx& tx) {
    tx.post(store::again, due[0].key, 1, clock.steady() + again_waits.longest + 1h);
    tx.post(store::again, due[1].key, 1, clock.steady() + again_waits.longest);
  });
  auto now = next(Places({}));
  ASSERT_EQ(now.size(), 1u) << "the other waits as long as it may";
  EXPECT_EQ(now.front().key, due[0].key);
  clock.advance(again_waits.longest);
  EXPECT_EQ(next(Places({})).size(), 2u);
}

EACH_DATABASE(PushTurns);

}  // namespace
}  // namespace molecule::push_notifications
