// What callers are told when the store is lost around a commit, and that what they are told is so.

#include <atomic>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "testing/each_database.h"
#include "testing/store_trouble.h"

namespace molecule::sql {
namespace {

using namespace std::chrono_literals;

constexpr Migration migrations[] = {{1, "facts", "CREATE TABLE facts (n BIGINT PRIMARY KEY)"}};
constexpr Query<void(std::int64_t)> insert{"unknown.insert", "INSERT INTO facts (n) VALUES ($1)"};
constexpr Query<std::int64_t()> list{"unknown.list", "SELECT n FROM facts ORDER BY n"};

class UnknownCommit : public ::testing::TestWithParam<test::Engine> {
 protected:
  void SetUp() override {
    place = std::make_unique<test::StorePlace>(GetParam());
    place->settings.interference = trouble;
    db = open(place->settings, metrics);
    db->migrate(migrations);
  }
  void TearDown() override {
    db.reset();
    place.reset();
  }
  // How the caller of a transaction with two rows saw it end.
  enum class Seen { stored, refused, unknown };
  Seen write_two(std::int64_t first) {
    auto closure = [first, this](Tx& tx) {
      tx.run(insert, first);
      tx.post(insert, first + 1);
      tx.after_commit([this] { ++actions; });
    };
    try {
      io::run(loop, db->write(closure));
      return Seen::stored;
    } catch (const CommitUnknown& fault) {
      EXPECT_EQ(fault.kind(), Kind::unavailable);
      EXPECT_EQ(fault.code(), "commit_unknown");
      return Seen::unknown;
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.code(), "platform_unavailable");
      return Seen::refused;
    }
  }
  std::vector<std::int64_t> stored() {
    return io::run(loop, db->read([](Read& r) { return r.all(list); }));
  }
  bool recovers() {
    trouble->give_back();
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    while (!db->healthy() && std::chrono::steady_clock::now() < give_up)
      std::this_thread::sleep_for(2ms);
    return db->healthy();
  }

  io::Loop loop;
  metrics::Registry metrics;
  std::shared_ptr<test::StoreTrouble> trouble = std::make_shared<test::StoreTrouble>();
  std::unique_ptr<test::StorePlace> place;
  std::unique_ptr<Database> db;
  std::atomic<int> actions = 0;
};

TEST_P(UnknownCommit, LostBeforeAnyStatementIsNotCommitted) {
  int n = 1;
  for (;; ++n) {
    trouble->at_statement(n);
    const Seen seen = write_two(n * 10);
    if (!trouble->happened()) break;
    EXPECT_EQ(seen, Seen::refused) << n;
    EXPECT_FALSE(db->healthy());
    ASSERT_TRUE(recovers());
    EXPECT_TRUE(stored().empty()) << n;
  }
  EXPECT_EQ(n, 3);
  EXPECT_EQ(actions, 1);
}

TEST_P(UnknownCommit, CommittedAndThenLostIsUnknownAndStored) {
  trouble->at_commit_done(1);
  EXPECT_EQ(write_two(1), Seen::unknown);
  EXPECT_FALSE(db->healthy());
  ASSERT_TRUE(recovers());
  EXPECT_EQ(stored(), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(actions, 0);
}

TEST_P(UnknownCommit, FailedAndThenLostIsUnknownAndNotStored) {
  trouble->at_commit_undone(1);
  EXPECT_EQ(write_two(1), Seen::unknown);
  EXPECT_FALSE(db->healthy());
  ASSERT_TRUE(recovers());
  EXPECT_TRUE(stored().empty());
  EXPECT_EQ(actions, 0);
}

TEST_P(UnknownCommit, WhatWasNotPartOfTheCommitIsNotUnknown) {
  trouble->take_away();
  EXPECT_EQ(write_two(1), Seen::refused);
  ASSERT_TRUE(recovers());
  // One of the batch fails by itself: whatever became of the others, it wrote nothing.
  std::set<std::int64_t> unknown, refused;
  auto one = [&](std::int64_t n) -> io::Task<void> {
    auto closure = [n](Tx& tx) {
      if (n % 3 == 0) throw conflict("third", "every third fails");
      tx.run(insert, n);
    };
    try {
      co_await db->write(closure);
    } catch (const CommitUnknown&) {
      unknown.insert(n);
    } catch (const Fault&) {
      refused.insert(n);
    }
  };
  auto all = [&]() -> io::Task<void> {
    io::Scope scope(loop, {});
    for (std::int64_t n = 1; n <= 30; ++n) scope.spawn("write", one(n));
    co_await scope.drain(30s);
  };
  trouble->at_commit_done(1);
  io::run(loop, all());
  EXPECT_TRUE(trouble->happened());
  ASSERT_TRUE(recovers());
  EXPECT_GT(unknown.size(), 0U);
  for (std::int64_t n = 3; n <= 30; n += 3) EXPECT_TRUE(refused.contains(n)) << n;
  for (std::int64_t n : stored()) EXPECT_FALSE(refused.contains(n)) << n;
}

EACH_DATABASE(UnknownCommit);

}  // namespace
}  // namespace molecule::sql
