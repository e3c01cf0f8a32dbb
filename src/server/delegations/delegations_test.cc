#include <algorithm>

#include <gtest/gtest.h>

#include "server/delegations/delegations_service.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::delegations {
namespace {

using namespace std::chrono_literals;

class DelegationsTest : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    log = std::make_unique<events::Log>(db(), clock);
    feed = std::make_unique<activity::Feed>(*log, directory, clock);
    outcomes = std::make_unique<Outcomes>(*log, *feed, clock);
    one = random.id<WorkspaceId>();
    two = random.id<WorkspaceId>();
    three = random.id<WorkspaceId>();
  }
  void TearDown() override {
    outcomes.reset();
    feed.reset();
    log.reset();
    EachDatabase::TearDown();
  }

  DelegationId hand_over(WorkspaceId source, WorkspaceId target) {
    clock.advance(1s);
    const DelegationId id = random.id<DelegationId>();
    write([&](sql::Tx& tx) {
      tx.run(store::insert, id, source, target, std::string_view("count"), Status::dispatched,
             std::nullopt, clock.now(), std::nullopt, std::nullopt, std::nullopt, std::nullopt,
             std::nullopt);
    });
    return id;
  }
  void finish(DelegationId id, Status status = Status::completed) {
    write(
        [&](sql::Tx& tx) { outcomes->finish(tx, *tx.optional(store::find, id), status, "done"); });
  }
  bool there(DelegationId id) {
    return read([&](sql::Read& from) { return from.optional(store::find, id).has_value(); });
  }
  std::vector<DelegationId> listed(WorkspaceId of, std::int64_t max) {
    std::vector<DelegationId> ids;
    for (const auto& each :
         read([&](sql::Read& from) { return from.all(store::of_workspace, of, max); }))
      ids.push_back(each.delegation_id);
    return ids;
  }
  // Rounds of retention until it begins anew.
  int prune(std::chrono::hours retention, std::int64_t slice) {
    DelegationId from;
    for (int rounds = 1;; ++rounds) {
      from = write(
          [&](sql::Tx& tx) { return outcomes->prune(tx, from, clock.now() - retention, slice); });
      if (from == DelegationId()) return rounds;
    }
  }

  test::ManualClock clock;
  test::CountingRandom random;
  workspaces::Directory directory;
  WorkspaceId one, two, three;
  std::unique_ptr<events::Log> log;
  std::unique_ptr<activity::Feed> feed;
  std::unique_ptr<Outcomes> outcomes;
};

TEST_P(DelegationsTest, AListHasTheNewestOfBothWays) {
  std::vector<DelegationId> mine;
  for (int i = 0; i < 30; ++i) {
    mine.push_back(i % 3 == 0 ? hand_over(two, one) : hand_over(one, two));
    hand_over(two, three);
    if (i == 10) mine.push_back(hand_over(one, one));
  }
  std::ranges::reverse(mine);
  for (std::size_t max : {std::size_t{1}, std::size_t{7}, std::size_t{21}, std::size_t{100}}) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(max, mine.size()));
    EXPECT_EQ(listed(one, static_cast<std::int64_t>(max)),
              std::vector(mine.begin(), mine.begin() + count));
  }
  EXPECT_TRUE(listed(random.id<WorkspaceId>(), 50).empty());
}

TEST_P(DelegationsTest, RetentionDeletesWhatEndedAndLeavesWhatIsOpen) {
  std::vector<DelegationId> ended, open;
  for (int i = 0; i < 25; ++i) {
    ended.push_back(hand_over(one, two));
    finish(ended.back(), i % 2 == 0 ? Status::completed : Status::failed);
    open.push_back(hand_over(one, two));
  }
  auto here = [&](DelegationId id) { return there(id); };
  clock.advance(24h * 6);
  EXPECT_GE(prune(24h * 7, 4), 12);
  EXPECT_TRUE(std::ranges::all_of(ended, here));
  const DelegationId later = hand_over(one, two);
  finish(later);
  clock.advance(24h * 2);
  prune(24h * 7, 4);
  EXPECT_TRUE(std::ranges::none_of(ended, here));
  EXPECT_TRUE(std::ranges::all_of(open, here));
  EXPECT_TRUE(there(later));
  // Noted and never brought to an end: nothing that carried it can be open any more.
  clock.advance(24h * 14);
  prune(24h * 7, 1000);
  EXPECT_TRUE(std::ranges::none_of(open, here));
}

EACH_DATABASE(DelegationsTest);

}  // namespace
}  // namespace molecule::delegations
