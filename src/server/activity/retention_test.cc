// A month of an organisation's traffic on a clock set by hand: what retention takes, what it passes
// and what it catches up with.
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "server/activity/activity_service.h"
#include "server/activity/feed_page.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::activity {
namespace {

using namespace std::chrono_literals;

class Retention : public test::EachDatabase {
 protected:
  static constexpr std::chrono::hours kept = 24h * 7;      // Of activity.
  static constexpr std::chrono::hours log_kept = 24h * 3;  // Of the log.
  static constexpr int each_hour = 24;                     // Messages, and as many ends.
  static constexpr int forgotten_each = 59;                // One of so many is never answered.

  struct Row {
    ActivityId id;
    Instant at;
    std::optional<Instant> ended;
  };

  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    log = std::make_unique<events::Log>(db(), clock);
    run(log->open());
    hubs = std::make_unique<events::Hubs>(*log, std::vector<io::Loop*>{});
    feed = std::make_unique<Feed>(*log, directory, clock);
    ledger = std::make_unique<messages::Ledger>(clock, random, mailboxes);
    ledger->join(*feed);
    service =
        std::make_unique<Service>(db(), *log, *feed, *ledger, mailboxes, directory, *hubs, clock);
    workspace = random.id<WorkspaceId>();
  }
  void TearDown() override {
    service.reset();
    ledger.reset();
    feed.reset();
    hubs.reset();
    log.reset();
    EachDatabase::TearDown();
  }

  // One transaction an hour, as a batch of many callers shares one.
  void an_hour_passes() {
    clock.advance(1h);
    write([this](sql::Tx& tx) {
      for (std::int64_t seq : under_way) {
        messages::Outcome outcome;
        outcome.body = RawJson(R"({"jsonrpc":"2.0","id":1,"result":{}})");
        EXPECT_TRUE(ledger->end_open(tx, ledger->find(tx, seq)->message, outcome));
        rows.at(seq).ended = clock.now();
      }
      under_way.clear();
      for (int n = 0; n < each_hour; ++n) {
        const std::string id = random.id<RequestId>().text();
        messages::NewMessage what;
        what.target = workspace;
        what.method = "message/send";
        what.message_id = id;
        what.key = random.id<RequestId>().bytes();
        what.rpc_id = "1";
        what.body = R"("what to do")";
        messages::Place place = ledger->accept(tx, what, messages::State::open).place;
        rows[place.seq] = {place.id, place.created_at, {}};
        if (++sent % forgotten_each != 0) under_way.push_back(place.seq);
      }
    });
    while (write([this](sql::Tx& tx) { return ledger->expire(tx, 100); }) > 0) {}
    for (auto& [seq, row] : rows) {
      if (!row.ended && clock.now() - row.at >= messages::Settings().age_max)
        row.ended = clock.now();
    }
    run(service->fill());
  }

  void retention_runs() {
    run(service->prune(kept, 60s));
    run(log->prune(clock.now() - log_kept, 60s));
    std::erase_if(rows, [&](const auto& each) {
      return each.second.ended && *each.second.ended < clock.now() - kept;
    });
  }

  std::vector<std::int64_t> expected() const {
    std::vector<std::int64_t> seqs;
    for (const auto& [seq, row] : rows) seqs.push_back(seq);
    return seqs;
  }

  // Every row that can be read, oldest first.
  std::vector<std::int64_t> readable() {
    std::vector<std::int64_t> seqs;
    Filter filter;
    filter.workspace = workspace;
    filter.limit = 500;
    filter.ascending = true;
    for (;;) {
      Page page(filter);
      std::vector<store::Row> found;
      while (!page.over()) {
        auto slice = read([&](sql::Read& from) { return page.read_on(from); });
        page = std::move(slice.then);
        for (store::Row& row : slice.rows) found.push_back(std::move(row));
      }
      if (found.empty()) return seqs;
      for (const store::Row& row : found) seqs.push_back(row.seq);
      filter.since = messages::make_id(found.back().created_at, found.back().seq);
    }
  }

  // Follows the log from its oldest position to its newest.
  std::size_t follow() {
    std::int64_t at = run(log->oldest()) - 1;
    std::size_t facts = 0;
    for (;;) {
      auto frames = run(log->read_after(at, 1000));
      if (frames.empty()) break;
      for (const events::FramePtr& frame : frames) {
        EXPECT_EQ(frame->seq, at + 1) << "a fact is missing";
        EXPECT_GE(frame->at, clock.now() - log_kept - 1h);
        at = frame->seq;
        ++facts;
      }
    }
    EXPECT_EQ(at, log->newest());
    return facts;
  }

  test::ManualClock clock;
  test::CountingRandom random;
  workspaces::Directory directory;
  messages::Mailboxes mailboxes;
  WorkspaceId workspace;
  std::map<std::int64_t, Row> rows;     // That are to be there, by number.
  std::vector<std::int64_t> under_way;  // Answered in the next hour.
  int sent = 0;
  std::unique_ptr<events::Log> log;
  std::unique_ptr<events::Hubs> hubs;
  std::unique_ptr<Feed> feed;
  std::unique_ptr<messages::Ledger> ledger;
  std::unique_ptr<Service> service;
};

TEST_P(Retention, AMonthOfTrafficLeavesWhatIsYoungOrOpenAndNothingElse) {
  std::size_t most = 0;
  for (int day = 1; day <= 31; ++day) {
    // For five days nobody cleans up; then all of it is caught up with at once.
    const bool away = day > 20 && day <= 25;
    for (int hour = 0; hour < 24; ++hour) {
      an_hour_passes();
      if (!away && hour % 6 == 5) retention_runs();
    }
    if (away || day % 3 != 2) continue;
    ASSERT_EQ(readable(), expected()) << "on day " << day;
    const std::size_t facts = follow();
    most = std::max(most, facts);
    EXPECT_GT(facts, static_cast<std::size_t>(std::min(day, 2) * 24 * each_hour)) << day;
  }
  const std::size_t a_week = 7 * 24 * each_hour;
  EXPECT_GT(rows.size(), a_week) << "open ones are older than a week";
  EXPECT_LT(rows.size(), a_week + 22 * 24 * each_hour / forgotten_each + 2 * 6 * each_hour);
  EXPECT_LT(most, 2u * (3 * 24 + 7) * each_hour + 100) << "an acceptance and an end each";
  // What waits is known, also after a restart.
  std::size_t open = 0;
  for (const auto& [seq, row] : rows) open += row.ended ? 0 : 1;
  EXPECT_EQ(mailboxes.waiting(workspace), static_cast<std::int64_t>(open));
  messages::Mailboxes anew;
  messages::Ledger later(clock, random, anew);
  write([&](sql::Tx& tx) { later.recover(tx); });
  EXPECT_EQ(anew.waiting(workspace), static_cast<std::int64_t>(open));
}

TEST_P(Retention, OneTurnTakesAllThatIsOldHoweverMuchItIs) {
  for (int hour = 0; hour < 4; ++hour) {
    write([&](sql::Tx& tx) {
      for (int n = 0; n < 4'000; ++n)
        log->append(tx, {events::Type::TASK_UPDATED, workspace, RawJson("{}")});
    });
  }
  clock.advance(log_kept + 1h);
  an_hour_passes();
  run(log->prune(clock.now() - log_kept, 60s));
  EXPECT_LT(follow(), 3u * each_hour) << "what the last hour wrote";
}

TEST_P(Retention, AClockThatWasAheadHoldsUpNothing) {
  clock.advance(24h * 365);
  for (int hour = 0; hour < 3; ++hour) {
    for (int more = 0; more < 60; ++more) an_hour_passes();
  }
  EXPECT_GT(rows.size(), 2'000u) << "more than one slice";
  const auto ahead = rows.size();
  clock.advance(-24h * 365);
  an_hour_passes();
  const std::int64_t behind = rows.rbegin()->first;
  clock.advance(24h * 30);
  an_hour_passes();
  clock.advance(24h * 8);
  run(service->prune(kept, 60s));
  auto left = readable();
  EXPECT_FALSE(std::binary_search(left.begin(), left.end(), behind)) << "a month old";
  EXPECT_GE(left.size(), ahead) << "what looks younger than it is stays";
}

EACH_DATABASE(Retention);

}  // namespace
}  // namespace molecule::activity
