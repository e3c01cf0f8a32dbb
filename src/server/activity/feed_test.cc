#include "server/activity/feed.h"

#include <algorithm>
#include <iterator>

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
    for (const auto& row : rows(filter)) seqs.push_back(row.seq);
    return seqs;
  }
  // Slice by slice, as small as is told.
  std::vector<store::Row> rows(Filter filter, std::int64_t slice = Page::slice_max) {
    Page page(filter, slice);
    std::vector<store::Row> found;
    slices = 0;
    for (; !page.over(); ++slices) {
      auto more = read([&](sql::Read& from) {
        static_cast<void>(page.read_on(from));  // As when the connection was lost behind it.
        return page.read_on(from);
      });
      page = std::move(more.then);
      std::ranges::move(more.rows, std::back_inserter(found));
    }
    if (!page.goes_on()) return found;
    if (!filter.before) {
      EXPECT_LE(slices, Page::slices_max + 1);
    }
    const int before = slices;
    filter.limit -= static_cast<std::int64_t>(found.size());
    filter.before_seq = page.goes_on();
    std::ranges::move(rows(filter, slice), std::back_inserter(found));
    slices += before;
    return found;
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
  int slices = 0;  // Reads of the last page.
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
      auto found = rows(next);
      if (found.empty()) break;
      for (const auto& row : found) walked.push_back(row.seq);
      next.since = messages::make_id(found.back().created_at, found.back().seq);
    }
    EXPECT_EQ(walked, mine) << when;
  };
  check("half of them");
  while (fill()) {}
  EXPECT_TRUE(!fill());
  check("all of them");
}

TEST_P(FeedTest, WhatIsRareIsFoundSliceBySlice) {
  const WorkspaceId peer = random.id<WorkspaceId>();
  std::vector<std::int64_t> rare;
  for (int i = 0; i < 103; ++i) {
    if (i % 25 == 3) rare.push_back(message(one, 10, peer));
    report(one);
    if (i == 80) {
      while (fill()) {}
    }
  }
  auto seqs = [&](const Filter& filter, std::int64_t slice) {
    std::vector<std::int64_t> found;
    for (const auto& row : rows(filter, slice)) found.push_back(row.seq);
    return found;
  };
  ASSERT_EQ(rare.size(), std::size_t{4});
  const std::vector<std::int64_t> turned(rare.rbegin(), rare.rend());
  for (std::int64_t slice : {1, 3, 7, 50, 1000}) {
    for (int way : {0, 1, 2}) {
      Filter up = oldest(100), down = newest(100);
      for (Filter* filter : {&up, &down}) {
        if (way == 0) filter->type = "a2a_receive";
        if (way == 1) filter->peer = peer;
        if (way == 2) filter->people = 0, filter->type = "a2a_receive";
      }
      EXPECT_EQ(seqs(up, slice), rare) << slice << " " << way;
      EXPECT_EQ(seqs(down, slice), turned) << slice << " " << way;
      up.limit = down.limit = 2;
      EXPECT_EQ(seqs(up, slice), std::vector(rare.begin(), rare.begin() + 2));
      EXPECT_EQ(seqs(down, slice), std::vector(turned.begin(), turned.begin() + 2));
    }
  }
  // Newest first a page is given as it is after a while and says where to go on; oldest first it is
  // not, since its cursor is a row.
  Filter cut = newest(100);
  cut.peer = peer;
  Page down(cut, 5);
  while (!down.over()) down = read([&](sql::Read& from) { return down.read_on(from).then; });
  EXPECT_TRUE(down.goes_on());
  for (bool up : {true, false}) {
    cut.ascending = up;
    cut.turned = !up;
    Page whole(cut, 5);
    while (!whole.over()) whole = read([&](sql::Read& from) { return whole.read_on(from).then; });
    EXPECT_FALSE(whole.goes_on());
  }
  Filter none = newest(100);
  none.type = "error";
  EXPECT_TRUE(seqs(none, 10).empty());
  EXPECT_GE(slices, 8) << "a read looks at no more than a slice";
  none.type = "nosuch";
  EXPECT_TRUE(seqs(none, 10).empty());
  EXPECT_EQ(slices, 1) << "there are no rows of a kind that does not exist";
}

TEST_P(FeedTest, AWaitGoesOnWithWhatIsNewAlone) {
  for (int i = 0; i < 40; ++i) report(one);
  while (fill()) {}
  for (bool up : {true, false}) {
    Filter filter = up ? oldest(10) : newest(10);
    filter.type = "a2a_receive";
    filter.peer = two;
    Page page(filter, 10);
    auto look = [&] {
      std::vector<store::Row> found;
      for (slices = 0; !page.over(); ++slices) {
        auto more = read([&](sql::Read& from) { return page.read_on(from); });
        page = std::move(more.then);
        std::ranges::move(more.rows, std::back_inserter(found));
      }
      return found;
    };
    EXPECT_TRUE(look().empty());
    EXPECT_GE(slices, 4);
    report(one);
    const std::int64_t came = message(one, 10, two);
    page.look_again();
    auto found = look();
    ASSERT_EQ(found.size(), std::size_t{1}) << up;
    EXPECT_EQ(found.front().seq, came);
    EXPECT_EQ(slices, 1);
    const std::int64_t gone = came;
    write([&](sql::Tx& tx) { ledger->erase(tx, one, gone); });
  }
}

TEST_P(FeedTest, PagesGoOnByNumberWhateverTheClockDid) {
  std::vector<std::int64_t> mine;
  std::vector<Instant> at;
  for (int i = 0; i < 30; ++i) {
    if (i == 12) clock.step(-1h);
    if (i == 20) clock.step(-1h);
    if (i == 25) clock.step(90min);
    mine.push_back(i % 2 == 0 ? report(one) : message(one));
    message(two);
    if (i == 22) {
      while (fill()) {}
    }
  }
  const std::vector<std::int64_t> expected(mine.rbegin(), mine.rend());
  for (bool by_number : {true, false}) {
    // A time names its row in the newest slices alone.
    for (std::int64_t slice :
         by_number ? std::vector<std::int64_t>{2, 7, 1000} : std::vector<std::int64_t>{15, 1000}) {
      std::vector<std::int64_t> walked;
      Filter next = newest(4);
      for (;;) {
        auto found = rows(next, slice);
        if (found.empty()) break;
        for (const auto& row : found) walked.push_back(row.seq);
        if (by_number) {
          next.before_seq = found.back().seq;
        } else {
          next.before = found.back().created_at;
        }
      }
      EXPECT_EQ(walked, expected) << by_number << " " << slice;
    }
  }
  // A time that no row has is a time.
  Filter then = newest(100);
  then.before = Instant::from_micros(rows(newest(100)).front().created_at.micros() + 1);
  std::vector<std::int64_t> older;
  for (const auto& row : rows(newest(100))) {
    if (row.created_at < *then.before) older.push_back(row.seq);
  }
  EXPECT_EQ(page(then), older);
  EXPECT_LT(older.size(), mine.size());
}

TEST_P(FeedTest, WhatIsOldEnoughIsFoundWithoutReadingWhatIsNot) {
  std::vector<std::int64_t> mine;
  for (int i = 0; i < 60; ++i) {
    mine.push_back(report(one));
    if (i == 49) {
      while (fill()) {}
    }
  }
  for (std::int64_t slice : {1, 4, 15, 1000}) {
    for (int count : {0, 1, 5, 10, 25, 60}) {
      Filter filter = newest(100);
      filter.before = Instant::from_micros(clock.now().micros() - count * 1'000'000 + 500'000);
      std::vector<std::int64_t> found;
      for (const auto& row : rows(filter, slice)) found.push_back(row.seq);
      EXPECT_EQ(found, std::vector(mine.rbegin() + count, mine.rend())) << slice << " " << count;
    }
  }
  // One that was written while the clock was ahead hides none behind it.
  clock.step(24h);
  WorkspaceId odd = random.id<WorkspaceId>();
  report(odd);
  clock.step(-24h);
  std::vector<std::int64_t> others;
  for (int i = 0; i < 40; ++i) others.push_back(report(odd));
  while (fill()) {}
  Filter filter = newest(100);
  filter.workspace = odd;
  filter.before = Instant::from_micros(clock.now().micros() - 35 * 1'000'000 + 500'000);
  std::vector<std::int64_t> found;
  for (const auto& row : rows(filter, 10)) found.push_back(row.seq);
  EXPECT_EQ(found, std::vector(others.rbegin() + 35, others.rend()));
}

TEST_P(FeedTest, WhatIsNewEnoughIsFoundFromTheNewestOn) {
  std::vector<std::int64_t> mine;
  for (int i = 0; i < 60; ++i) {
    mine.push_back(report(one));
    if (i == 49) {
      while (fill()) {}
    }
  }
  for (std::int64_t slice : {1, 4, 15, 1000}) {
    for (int count : {0, 1, 5, 10, 25, 60}) {
      Filter filter = oldest(100);
      filter.after = Instant::from_micros(clock.now().micros() - count * 1'000'000);
      std::vector<std::int64_t> found;
      for (const auto& row : rows(filter, slice)) found.push_back(row.seq);
      EXPECT_EQ(found, std::vector(mine.end() - count, mine.end())) << slice << " " << count;
      if (slice == 4 && count == 5) {
        EXPECT_LE(slices, 8) << "what is old is not looked at";
      }
    }
  }
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

TEST_P(FeedTest, AWorkspaceWithVeryMuchIsPurgedSliceBySlice) {
  const std::int64_t many = 2 * Feed::purge_max + 10;
  for (std::int64_t n = 0; n < many; ++n) message(one);
  auto left = [&] {
    while (fill()) {}
    return std::ssize(
        read([&](sql::Read& from) { return from.all(store::entries, one, 0, many); }));
  };
  auto purging = [&] {
    return read([](sql::Read& from) { return from.optional(store::purging); });
  };
  write([&](sql::Tx& tx) { feed->purge(tx, *ledger, one); });
  EXPECT_EQ(left(), many - Feed::purge_max) << "nobody's commit waits for all of it";
  EXPECT_EQ(purging(), one);
  while (write([&](sql::Tx& tx) { return feed->purge_slice(tx, *ledger, one); })) {}
  EXPECT_EQ(left(), 0);
  EXPECT_EQ(mailboxes.waiting(one), 0);
  EXPECT_EQ(purging(), std::nullopt);
}

EACH_DATABASE(FeedTest);

}  // namespace
}  // namespace molecule::activity
