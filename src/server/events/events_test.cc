#include <gtest/gtest.h>

#include "server/events/follow.h"
#include "server/events/followers.h"
#include "server/events/log.h"
#include "testing/each_database.h"
#include "testing/migrations.h"

namespace molecule::events {
namespace {

// Everybody reaches only itself.
class Alone final : public auth::Reach {
 public:
  bool may_reach(WorkspaceId from, WorkspaceId to) const override { return from == to; }
};

class LogTest : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    a = random.id<WorkspaceId>();
    b = random.id<WorkspaceId>();
  }
  void append(Log& log, WorkspaceId workspace, std::string_view type) {
    write([&](sql::Tx& tx) { return log.append(tx, {type, workspace, RawJson(R"({"k":1})")}); });
  }
  std::vector<std::string> types(const std::vector<FramePtr>& frames) {
    std::vector<std::string> out;
    for (const auto& frame : frames) out.push_back(frame->type);
    return out;
  }

  io::SystemClock clock;
  io::SystemRandom random;
  Alone alone;
  WorkspaceId a, b;
};

TEST_P(LogTest, PositionsAreDenseEvenWhenATransactionFails) {
  Log log(db(), clock);
  append(log, a, "ONE");
  EXPECT_THROW(write([&](sql::Tx& tx) {
                 log.append(tx, {"LOST", a, {}});
                 throw bad_request("no");
               }),
               Fault);
  append(log, a, "TWO");
  auto slice = log.recent_after(0, 10);
  EXPECT_EQ(types(slice.frames), (std::vector<std::string>{"ONE", "TWO"}));
  EXPECT_EQ(slice.frames.back()->seq, 2);
  EXPECT_EQ(log.newest(), 2);
}

TEST_P(LogTest, LargeFactsLeaveMemoryAndAreStillFollowed) {
  Log log(db(), clock);
  const RawJson large(R"({"k":")" + std::string(400u << 10, 'x') + R"("})");
  constexpr std::int64_t count = 2 * Log::recent_bytes_max / (400u << 10);
  for (std::int64_t i = 0; i < count; ++i)
    write([&](sql::Tx& tx) { return log.append(tx, {"LARGE", a, large}); });
  EXPECT_FALSE(log.recent_after(0, 10).complete);
  EXPECT_LE(log.recent_after(count - 8, 1000).frames.size(), 8U);
  EXPECT_TRUE(log.recent_after(count - 1, 10).complete);
  EXPECT_FALSE(log.recent_after(count / 4, 1000).complete);
  Cursor cursor(log, alone, a, 0);
  std::int64_t seen = 0;
  for (auto step = run(cursor.next()); step.advanced; step = run(cursor.next())) {
    for (const auto& frame : step.frames) EXPECT_EQ(frame->seq, ++seen);
    EXPECT_EQ(step.frames.size(), 1U) << "a slow follower holds little at once";
  }
  EXPECT_EQ(seen, count);
}

TEST_P(LogTest, AFactThatIsTooLargeIsToldWithoutItsPayload) {
  Log log(db(), clock);
  const RawJson large(R"({"k":")" + std::string(Log::payload_max, 'x') + R"("})");
  write([&](sql::Tx& tx) { return log.append(tx, {"LARGE", a, large}); });
  auto slice = log.recent_after(0, 10);
  ASSERT_EQ(slice.frames.size(), 1U);
  EXPECT_EQ(slice.frames[0]->payload(),
            R"({"truncated":true,"bytes":)" + std::to_string(large.text.size()) + "}");
}

TEST_P(LogTest, WhatMemoryForgotIsReadFromTheStore) {
  {
    Log log(db(), clock);
    append(log, a, "ONE");
    append(log, a, "TWO");
  }
  reopen();
  Log log(db(), clock);
  run(log.open());
  EXPECT_EQ(log.newest(), 2);
  EXPECT_FALSE(log.recent_after(0, 10).complete);
  Cursor cursor(log, alone, std::nullopt, 0);
  auto step = run(cursor.next());
  EXPECT_EQ(types(step.frames), (std::vector<std::string>{"ONE", "TWO"}));
  append(log, a, "THREE");
  step = run(cursor.next());
  EXPECT_EQ(types(step.frames), std::vector<std::string>{"THREE"});
}

TEST_P(LogTest, AWorkspaceSeesOnlyWhatItMayReach) {
  Log log(db(), clock);
  append(log, a, "MINE");
  append(log, b, "THEIRS");
  append(log, WorkspaceId{}, "NOBODYS");
  Cursor cursor(log, alone, a, 0);
  auto step = run(cursor.next());
  EXPECT_EQ(types(step.frames), std::vector<std::string>{"MINE"});
  EXPECT_EQ(cursor.seq(), 3);
}

TEST_P(LogTest, ASlowFollowerSeesTheNewestTransientOnly) {
  Log log(db(), clock);
  Cursor cursor(log, alone, std::nullopt, 0);
  log.announce({"WORKSPACE_HEARTBEAT", a, RawJson(R"({"n":1})")});
  log.announce({"WORKSPACE_HEARTBEAT", a, RawJson(R"({"n":2})")});
  log.announce({"WORKSPACE_HEARTBEAT", b, RawJson(R"({"n":3})")});
  auto step = run(cursor.next());
  ASSERT_EQ(step.frames.size(), 2U);
  EXPECT_EQ(step.frames[0]->payload(), R"({"n":2})");
  EXPECT_EQ(step.frames[1]->payload(), R"({"n":3})");
  EXPECT_FALSE(step.advanced);
  EXPECT_TRUE(run(cursor.next()).frames.empty());
}

TEST_P(LogTest, PruningKeepsTheNewestAndTellsOldPositionsApart) {
  Log log(db(), clock);
  for (int i = 0; i < 5; ++i) append(log, a, "FACT");
  run(log.prune(clock.now() + std::chrono::hours(1), 100));
  EXPECT_EQ(run(log.oldest()), 5);
  EXPECT_EQ(start_from(1, 5, 5).reason, "too_old");
  EXPECT_TRUE(start_from(4, 5, 5).resumed);
  append(log, a, "FACT");
  EXPECT_EQ(log.newest(), 6);
}

EACH_DATABASE(LogTest);

TEST(Followers, TheSlowestIsLeftWhenAllTogetherHoldTooMuch) {
  metrics::Registry registry;
  io::Loop loop;
  Followers followers(registry, 1000);
  std::vector<int> left;
  Followers::Seat slow(followers, loop, [&] { left.push_back(1); });
  Followers::Seat quick(followers, loop, [&] { left.push_back(2); });
  Followers::Seat fresh(followers, loop, [&] { left.push_back(3); });
  slow.hold(400);
  quick.hold(400);
  quick.release();
  quick.hold(400);
  loop.poll();
  EXPECT_TRUE(left.empty());
  fresh.hold(400);
  loop.poll();
  EXPECT_EQ(left, std::vector<int>{1});
  fresh.hold(900);
  loop.poll();
  EXPECT_EQ(left, (std::vector<int>{1, 2}));
  slow.hold(5000);
  loop.poll();
  EXPECT_EQ(left.size(), 2U) << "who was left holds nothing more";
}

TEST(StartFrom, TellsWhyAPositionIsNotResumed) {
  EXPECT_EQ(start_from(std::nullopt, 1, 9).reason, "fresh");
  EXPECT_EQ(start_from(10, 1, 9).reason, "unknown_position");
  EXPECT_EQ(start_from(-1, 1, 9).reason, "unknown_position");
  EXPECT_EQ(start_from(1, 1, 1 + replay_max + 1).reason, "too_far_behind");
  EXPECT_TRUE(start_from(9, 1, 9).resumed);
  EXPECT_EQ(start_from(9, 1, 9).seq, 9);
}

}  // namespace
}  // namespace molecule::events
