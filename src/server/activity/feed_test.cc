#include "server/activity/feed.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "server/activity/feed_page.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::activity {
namespace {

using namespace std::chrono_literals;

class FeedTest : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    log = std::make_unique<events::Log>(db(), clock);
    feed = std::make_unique<Feed>(*log, directory, clock);
    ledger = std::make_unique<messages::Ledger>(clock, random, mailboxes);
    ledger->join(*feed);
    one = random.id<WorkspaceId>();
    two = random.id<WorkspaceId>();
  }
  void TearDown() override {
    ledger.reset();
    feed.reset();
    log.reset();
    EachDatabase::TearDown();
  }

  std::int64_t message(WorkspaceId target, std::size_t bytes = 10,
                       std::optional<WorkspaceId> source = {}) {
    const std::string id = random.id<RequestId>().text();
    const std::string body = '"' + std::string(bytes, 'x') + '"';
    messages::NewMessage what;
    what.target = target;
    what.source = source;
    what.method = "message/send";
    what.message_id = id;
    what.key = random.id<RequestId>().bytes();
    what.rpc_id = "1";
    what.body = body;
    clock.advance(1s);
    return write([&](sql::Tx& tx) { return ledger->accept(tx, what, messages::State::open); })
        .place.seq;
  }
  std::int64_t report(WorkspaceId workspace) {
    NewReport what;
    what.workspace = workspace;
    what.activity_type = "agent_log";
    what.source = workspace;
    clock.advance(1s);
    return write([&](sql::Tx& tx) { return feed->record(tx, what); }).seq;
  }
  bool fill() {
    return write([&](sql::Tx& tx) { return feed->fill(tx); });
  }
  std::vector<std::int64_t> page(Filter filter) {
    std::vector<std::int64_t> seqs;
    for (const auto& row : read([&](sql::Read& from) { return read_page(from, filter); }))
      seqs.push_back(row.seq);
    return seqs;
  }
  Filter newest(std::int64_t limit) {
    Filter filter;
    filter.workspace = one;
    filter.limit = limit;
    return filter;
  }
  Filter oldest(std::int64_t limit) {
    Filter filter = newest(limit);
    filter.ascending = true;
    return filter;
  }

  test::ManualClock clock;
  test::CountingRandom random;
  workspaces::Directory directory;
  messages::Mailboxes mailboxes;
  WorkspaceId one, two;
  std::unique_ptr<events::Log> log;
  std::unique_ptr<Feed> feed;
  std::unique_ptr<messages::Ledger> ledger;
};

TEST_P(FeedTest, APageIsTheSameWhetherTheIndexHasItsRowsOrNot) {
  std::vector<std::int64_t> mine;
  for (int i = 0; i < 30; ++i) {
    mine.push_back(i % 3 == 0 ? report(one) : message(one));
    message(two);
    if (i == 17) {
      while (fill()) {}
    }
  }
  auto check = [&](std::string_view when) {
    for (std::int64_t limit : {1, 7, 13, 29, 100}) {
      auto count = std::min<std::size_t>(static_cast<std::size_t>(limit), mine.size());
      EXPECT_EQ(page(oldest(limit)), std::vector(mine.begin(), mine.begin() + count)) << when;
      EXPECT_EQ(page(newest(limit)), std::vector(mine.rbegin(), mine.rbegin() + count)) << when;
    }
    // Page by page, either way of the border.
    std::vector<std::int64_t> walked;
    Filter next = oldest(4);
    for (;;) {
      auto rows = read([&](sql::Read& from) { return read_page(from, next); });
      if (rows.empty()) break;
      for (const auto& row : rows) walked.push_back(row.seq);
      next.since = messages::make_id(rows.back().created_at, rows.back().seq);
    }
    EXPECT_EQ(walked, mine) << when;
  };
  check("half of them");
  while (fill()) {}
  EXPECT_TRUE(!fill());
  check("all of them");
}

TEST_P(FeedTest, APageEndsByBytesAndGoesOnBehindThem) {
  std::vector<std::int64_t> mine;
  for (int i = 0; i < 5; ++i) mine.push_back(message(one, 3u << 20));
  EXPECT_EQ(page(oldest(100)), std::vector(mine.begin(), mine.begin() + 2));
  EXPECT_EQ(page(newest(100)), std::vector(mine.rbegin(), mine.rbegin() + 2));
  mine.push_back(message(one, 9u << 20));
  EXPECT_EQ(page(newest(100)), std::vector{mine.back()});
}

TEST_P(FeedTest, ACursorOfAnotherFeedIsGone) {
  message(one);
  std::int64_t foreign = message(two);
  Filter filter = oldest(10);
  filter.since = messages::make_id(clock.now(), foreign);
  EXPECT_THROW(page(filter), Fault);
}

TEST_P(FeedTest, APurgedWorkspaceLeavesNothing) {
  message(one);
  report(one);
  std::int64_t others = message(two);
  fill();
  message(one);
  write([&](sql::Tx& tx) { feed->purge(tx, *ledger, one); });
  EXPECT_TRUE(page(newest(100)).empty());
  EXPECT_EQ(mailboxes.waiting(one), 0);
  Filter filter = newest(100);
  filter.workspace = two;
  EXPECT_EQ(page(filter), std::vector{others});
}

EACH_DATABASE(FeedTest);

}  // namespace
}  // namespace molecule::activity
