#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "server/events/events_store.h"
#include "server/events/follow.h"
#include "server/events/followers.h"
#include "server/events/log.h"
#include "server/facts/record_store.h"
#include "testing/each_database.h"
#include "testing/migrations.h"
#include "testing/store_trouble.h"

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
  void append(Log& log, WorkspaceId workspace, Type type) {
    write([&](sql::Tx& tx) { return log.append(tx, {type, workspace, RawJson(R"({"k":1})")}); });
  }
  std::vector<std::string> types(const std::vector<FramePtr>& frames) {
    std::vector<std::string> out;
    for (const auto& frame : frames) out.push_back(frame->type);
    return out;
  }

  std::vector<std::string> types(const Cursor::Step& step) {
    std::vector<std::string> out;
    for (const auto& seen : step.frames) out.push_back(seen.frame->type);
    return out;
  }
  io::SystemClock clock;
  io::SystemRandom random;
  Alone alone;
  WorkspaceId a, b;
};

TEST_P(LogTest, PositionsAreDenseEvenWhenATransactionFails) {
  Log log(db(), clock);
  append(log, a, Type::WORKSPACE_ONLINE);
  EXPECT_THROW(write([&](sql::Tx& tx) {
                 log.append(tx, {Type::WORKSPACE_PAUSED, a, {}});
                 throw bad_request("no");
               }),
               Fault);
  append(log, a, Type::WORKSPACE_LATE);
  auto slice = log.recent_after(0, 10);
  EXPECT_EQ(types(slice.frames), (std::vector<std::string>{"WORKSPACE_ONLINE", "WORKSPACE_LATE"}));
  EXPECT_EQ(slice.frames.back()->seq, 2);
  EXPECT_EQ(log.newest(), 2);
}

TEST_P(LogTest, LargeFactsLeaveMemoryAndAreStillFollowed) {
  Log log(db(), clock);
  const RawJson large(R"({"k":")" + std::string(400u << 10, 'x') + R"("})");
  constexpr std::int64_t count = 2 * Log::recent_bytes_max / (400u << 10);
  for (std::int64_t i = 0; i < count; ++i)
    write([&](sql::Tx& tx) { return log.append(tx, {Type::ACTIVITY_LOGGED, a, large}); });
  EXPECT_FALSE(log.recent_after(0, 10).complete);
  EXPECT_LE(log.recent_after(count - 8, 1000).frames.size(), 8U);
  EXPECT_TRUE(log.recent_after(count - 1, 10).complete);
  EXPECT_FALSE(log.recent_after(count / 4, 1000).complete);
  Cursor cursor(log, alone, a, 0);
  std::int64_t seen = 0;
  for (auto step = run(cursor.next()); step.advanced; step = run(cursor.next())) {
    for (const auto& frame : step.frames) EXPECT_EQ(frame.frame->seq, ++seen);
    EXPECT_EQ(step.frames.size(), 1U) << "a slow follower holds little at once";
  }
  EXPECT_EQ(seen, count);
}

TEST_P(LogTest, AFactThatIsTooLargeIsToldWithoutItsPayload) {
  Log log(db(), clock);
  const RawJson large(R"({"k":")" + std::string(Log::payload_max, 'x') + R"("})");
  write([&](sql::Tx& tx) { return log.append(tx, {Type::ACTIVITY_LOGGED, a, large}); });
  auto slice = log.recent_after(0, 10);
  ASSERT_EQ(slice.frames.size(), 1U);
  EXPECT_EQ(slice.frames[0]->payload(),
            R"({"truncated":true,"bytes":)" + std::to_string(large.text.size()) + "}");
}

TEST_P(LogTest, WhatMemoryForgotIsReadFromTheStore) {
  {
    Log log(db(), clock);
    append(log, a, Type::WORKSPACE_ONLINE);
    append(log, a, Type::WORKSPACE_LATE);
  }
  reopen();
  Log log(db(), clock);
  run(log.open());
  EXPECT_EQ(log.newest(), 2);
  EXPECT_FALSE(log.recent_after(0, 10).complete);
  Cursor cursor(log, alone, std::nullopt, 0);
  auto step = run(cursor.next());
  EXPECT_EQ(types(step), (std::vector<std::string>{"WORKSPACE_ONLINE", "WORKSPACE_LATE"}));
  append(log, a, Type::WORKSPACE_OFFLINE);
  step = run(cursor.next());
  EXPECT_EQ(types(step), std::vector<std::string>{"WORKSPACE_OFFLINE"});
}

TEST_P(LogTest, ASlowFollowerMissesValuesAndNoWorkspace) {
  Log log(db(), clock);
  constexpr std::size_t count = 20'000;
  std::vector<WorkspaceId> workspaces;
  for (std::size_t i = 0; i < count; ++i) workspaces.push_back(random.id<WorkspaceId>());
  Cursor cursor(log, alone, std::nullopt, 0);
  for (int beat = 1; beat <= 2; ++beat) {
    for (WorkspaceId workspace : workspaces) {
      RawJson payload(R"({"beat":)" + std::to_string(beat) + "}");
      log.announce({Type::WORKSPACE_HEARTBEAT, workspace, payload});
    }
  }
  std::set<WorkspaceId> seen;
  for (auto step = run(cursor.next()); !step.frames.empty(); step = run(cursor.next())) {
    for (const auto& each : step.frames) {
      EXPECT_EQ(each.frame->payload(), R"({"beat":2})");
      seen.insert(each.frame->workspace);
    }
    if (!step.advanced) break;
  }
  EXPECT_EQ(seen.size(), count);
}

TEST_P(LogTest, WhatNobodyFollowsIsNotKept) {
  Log log(db(), clock);
  log.announce({Type::WORKSPACE_HEARTBEAT, a, {}});
  std::uint64_t from_the_start = 0;
  EXPECT_TRUE(log.transients_after(from_the_start, 10).empty());
  Cursor cursor(log, alone, std::nullopt, 0);
  EXPECT_TRUE(run(cursor.next()).frames.empty());
  log.announce({Type::WORKSPACE_HEARTBEAT, a, {}});
  EXPECT_EQ(run(cursor.next()).frames.size(), 1U);
}

// A store that keeps a commit and is lost before it can say so.
class UnknownFacts : public LogTest {
 protected:
  void SetUp() override {
    LogTest::SetUp();
    trouble_ = std::make_shared<test::StoreTrouble>();
    place->settings.interference = trouble_;
    reopen();
  }
  void append_into_the_unknown(Log& log, Type type) {
    trouble_->at_commit_done(1);
    EXPECT_THROW(append(log, a, type), sql::CommitUnknown);
    trouble_->give_back();
    const auto give_up = clock.monotonic() + std::chrono::seconds(20);
    while (!db().healthy() && clock.monotonic() < give_up) std::this_thread::yield();
    ASSERT_TRUE(db().healthy());
  }

 private:
  std::shared_ptr<test::StoreTrouble> trouble_;
};

TEST_P(UnknownFacts, AreFoundAndTold) {
  Log log(db(), clock);
  append(log, a, Type::WORKSPACE_ONLINE);
  Cursor cursor(log, alone, std::nullopt, 0);
  run(cursor.next());
  const auto unknown = db().unknown_commits();
  append_into_the_unknown(log, Type::WORKSPACE_PAUSED);
  EXPECT_EQ(db().unknown_commits(), unknown + 1);
  run(log.catch_up());
  EXPECT_EQ(types(run(cursor.next())), std::vector<std::string>{"WORKSPACE_PAUSED"});
}

TEST_P(UnknownFacts, AreToldAlsoWhenAnInternalOneCameFirst) {
  Log log(db(), clock);
  append(log, a, Type::WORKSPACE_ONLINE);
  Cursor cursor(log, alone, std::nullopt, 0);
  run(cursor.next());
  append_into_the_unknown(log, Type::WORKSPACE_PAUSED);
  write([&](sql::Tx& tx) {
    return log.note<facts::Internal::TOKENS_ENDED>(tx, a, {{"digest"}, false});
  });
  run(log.catch_up());
  append(log, a, Type::WORKSPACE_LATE);
  std::vector<std::string> seen;
  for (auto step = run(cursor.next()); step.advanced; step = run(cursor.next())) {
    for (const auto& type : types(step)) seen.push_back(type);
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"WORKSPACE_PAUSED", "WORKSPACE_LATE"}));
}

TEST_P(UnknownFacts, LeaveNoFollowerWithAHole) {
  Log log(db(), clock);
  append(log, a, Type::WORKSPACE_ONLINE);
  Cursor cursor(log, alone, std::nullopt, 0);
  run(cursor.next());
  append_into_the_unknown(log, Type::WORKSPACE_PAUSED);
  append(log, a, Type::WORKSPACE_LATE);
  std::vector<std::string> seen;
  for (auto step = run(cursor.next()); step.advanced; step = run(cursor.next())) {
    for (const auto& type : types(step)) seen.push_back(type);
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"WORKSPACE_PAUSED", "WORKSPACE_LATE"}));
  EXPECT_EQ(cursor.seq(), 3);
}

TEST_P(LogTest, AWorkspaceSeesOnlyWhatItMayReach) {
  Log log(db(), clock);
  append(log, a, Type::WORKSPACE_ONLINE);
  append(log, b, Type::WORKSPACE_LATE);
  append(log, WorkspaceId{}, Type::SECRET_CHANGED);
  Cursor cursor(log, alone, a, 0);
  auto step = run(cursor.next());
  EXPECT_EQ(types(step), std::vector<std::string>{"WORKSPACE_ONLINE"});
  EXPECT_EQ(cursor.seq(), 3);
}

TEST_P(LogTest, ASlowFollowerSeesTheNewestTransientOnly) {
  Log log(db(), clock);
  Cursor cursor(log, alone, std::nullopt, 0);
  log.announce({Type::WORKSPACE_HEARTBEAT, a, RawJson(R"({"n":1})")});
  log.announce({Type::WORKSPACE_HEARTBEAT, a, RawJson(R"({"n":2})")});
  log.announce({Type::WORKSPACE_HEARTBEAT, b, RawJson(R"({"n":3})")});
  auto step = run(cursor.next());
  ASSERT_EQ(step.frames.size(), 2U);
  EXPECT_EQ(step.frames[0].frame->payload(), R"({"n":2})");
  EXPECT_EQ(step.frames[1].frame->payload(), R"({"n":3})");
  EXPECT_FALSE(step.advanced);
  EXPECT_TRUE(run(cursor.next()).frames.empty());
}

TEST_P(LogTest, PruningKeepsTheNewestAndTellsOldPositionsApart) {
  Log log(db(), clock);
  for (int i = 0; i < 5; ++i) append(log, a, Type::TASK_UPDATED);
  run(log.prune(clock.now() + std::chrono::hours(1), std::chrono::seconds(60)));
  EXPECT_EQ(run(log.oldest()), 5);
  EXPECT_EQ(start_from(1, 5, 5).reason, "too_old");
  EXPECT_TRUE(start_from(4, 5, 5).resumed);
  append(log, a, Type::TASK_UPDATED);
  EXPECT_EQ(log.newest(), 6);
}

class InternalFacts : public LogTest {
 protected:
  void note(Log& log) {
    write([&](sql::Tx& tx) {
      return log.note<facts::Internal::TOKENS_ENDED>(tx, a, {{"digest"}, false});
    });
  }
  // All that a follower and a reader of pages get.
  std::vector<std::string> followed(Log& log) {
    Cursor cursor(log, everybody, std::nullopt, 0);
    std::vector<std::string> seen;
    for (auto step = run(cursor.next()); step.advanced; step = run(cursor.next())) {
      for (const auto& type : types(step)) seen.push_back(type);
    }
    EXPECT_EQ(cursor.seq(), log.newest()) << "nothing is left to wait for";
    return seen;
  }
  std::vector<std::string> paged(std::optional<WorkspaceId> of) {
    auto rows = read([&](sql::Read& from) {
      return of ? from.all(store::before_of, *of, 1000, 100) : from.all(store::before, 1000, 100);
    });
    std::vector<std::string> seen;
    for (const auto& row : rows) seen.push_back(row.type);
    return seen;
  }
  using Types = std::vector<std::string>;

 private:
  class Everybody final : public auth::Reach {
    bool may_reach(WorkspaceId, WorkspaceId) const override { return true; }
  } everybody;
};

TEST_P(InternalFacts, StandOnTheLogAndAreToldToNobody) {
  const Types both{"WORKSPACE_ONLINE", "WORKSPACE_LATE"};
  {
    Log log(db(), clock);
    note(log);
    EXPECT_EQ(log.newest(), 0);
    append(log, a, Type::WORKSPACE_ONLINE);
    note(log);
    note(log);
    append(log, a, Type::WORKSPACE_LATE);
    EXPECT_EQ(log.newest(), 5);
    note(log);
    EXPECT_EQ(log.newest(), 5) << "a position that nobody is told is no newest one";
    auto slice = log.recent_after(0, 10);
    EXPECT_TRUE(slice.complete) << "and none that is missing";
    EXPECT_EQ(types(slice.frames), both);
    EXPECT_EQ(types(log.recent_after(2, 10).frames), Types{"WORKSPACE_LATE"});
    EXPECT_EQ(types(log.recent_after(3, 10).frames), Types{"WORKSPACE_LATE"});
    EXPECT_EQ(followed(log), both);
  }
  reopen();
  Log log(db(), clock);
  run(log.open());
  EXPECT_EQ(log.newest(), 5);
  EXPECT_EQ(followed(log), both) << "from the store, too";
  EXPECT_EQ(paged(std::nullopt), (Types{"WORKSPACE_LATE", "WORKSPACE_ONLINE"}));
  EXPECT_EQ(paged(a), (Types{"WORKSPACE_LATE", "WORKSPACE_ONLINE"}));
  append(log, a, Type::WORKSPACE_OFFLINE);
  EXPECT_EQ(log.newest(), 7);
  EXPECT_EQ(followed(log), (Types{"WORKSPACE_ONLINE", "WORKSPACE_LATE", "WORKSPACE_OFFLINE"}));
}

TEST_P(InternalFacts, TheNewestThatIsToldOutlivesPruning) {
  Log log(db(), clock);
  append(log, a, Type::WORKSPACE_ONLINE);
  append(log, a, Type::WORKSPACE_LATE);
  for (int i = 0; i < 3; ++i) note(log);
  run(log.prune(clock.now() + std::chrono::hours(1), std::chrono::seconds(60)));
  EXPECT_EQ(paged(std::nullopt), Types{"WORKSPACE_LATE"});
  Log again(db(), clock);
  run(again.open());
  EXPECT_EQ(again.newest(), 2);
  EXPECT_TRUE(start_from(2, run(again.oldest()), again.newest()).resumed);
}

EACH_DATABASE(InternalFacts);

// What reach allows to write to does not allow to read.
class Family final : public auth::Reach {
 public:
  bool may_reach(WorkspaceId, WorkspaceId) const override { return true; }
};

TEST_P(LogTest, APeerSeesPresenceAndWhatConcernsThePairAndNothingElse) {
  Family family;
  WorkspaceId c = random.id<WorkspaceId>();
  std::vector<std::string> all, presence, pair;
  {
    Log log(db(), clock);
    for_each_enumerator<Type>([&](std::string_view name) {
      Type type = *enum_from<Type>(name);
      all.emplace_back(name);
      auto reach = audience_of(type).reach;
      if (reach != Audience::Reach::itself) pair.emplace_back(name);
      if (reach == Audience::Reach::peers) presence.emplace_back(name);
      RawJson payload = json::Object().add("source_id", a).add("target_id", c).raw();
      write([&](sql::Tx& tx) { return log.append(tx, {type, a, payload}); });
    });
    EXPECT_EQ(types(run(Cursor(log, family, a, 0).next())), all);
    EXPECT_EQ(types(run(Cursor(log, family, b, 0).next())), presence);
    EXPECT_EQ(types(run(Cursor(log, family, c, 0).next())), pair);
  }
  for (std::string_view secret : {"USER_MESSAGE", "AGENT_MESSAGE", "A2A_RESPONSE", "SECRET_CHANGED",
                                  "EXTERNAL_CREDENTIALS_ROTATED"}) {
    EXPECT_EQ(std::count(pair.begin(), pair.end(), secret), 0) << secret;
  }
  EXPECT_EQ(std::count(presence.begin(), presence.end(), "ACTIVITY_LOGGED"), 0);
  // The same rule when it is read from the store.
  reopen();
  Log log(db(), clock);
  run(log.open());
  EXPECT_EQ(types(run(Cursor(log, family, a, 0).next())), all);
  EXPECT_EQ(types(run(Cursor(log, family, b, 0).next())), presence);
  EXPECT_EQ(types(run(Cursor(log, family, c, 0).next())), pair);
  EXPECT_EQ(types(run(Cursor(log, alone, c, 0).next())), std::vector<std::string>{});
}

TEST_P(LogTest, APeerSeesOfAPayloadOnlyWhatItMayReadElsewhere) {
  Family family;
  Log log(db(), clock);
  const RawJson task(R"({"current_task":"what a person wrote","active_tasks":2})");
  const RawJson change(R"({"name":"new","workspace_dir":"/srv/secret"})");
  write([&](sql::Tx& tx) { return log.append(tx, {Type::TASK_UPDATED, a, task}); });
  write([&](sql::Tx& tx) { return log.append(tx, {Type::WORKSPACE_UPDATED, a, change}); });
  auto own = run(Cursor(log, family, a, 0).next());
  auto peers = run(Cursor(log, family, b, 0).next());
  ASSERT_EQ(own.frames.size(), 2U);
  ASSERT_EQ(peers.frames.size(), 2U);
  EXPECT_NE(own.frames[0].text.find("what a person wrote"), std::string::npos);
  EXPECT_NE(own.frames[1].text.find("/srv/secret"), std::string::npos);
  EXPECT_EQ(peers.frames[0].text.find("current_task"), std::string::npos) << peers.frames[0].text;
  EXPECT_NE(peers.frames[0].text.find(R"("payload":{"active_tasks":2})"), std::string::npos);
  EXPECT_NE(peers.frames[1].text.find(R"("payload":{"name":"new"})"), std::string::npos);
}

TEST_P(LogTest, ATypeOfAnotherProgramIsShownToNoPeer) {
  Family family;
  write([&](sql::Tx& tx) {
    tx.run(facts::store::append, tx.next("log"), clock.now(), "OF_ANOTHER_TIME", a,
           json::Object().add("target_id", b).raw());
    return 0;
  });
  Log log(db(), clock);
  run(log.open());
  EXPECT_EQ(types(run(Cursor(log, family, a, 0).next())),
            std::vector<std::string>{"OF_ANOTHER_TIME"});
  EXPECT_TRUE(run(Cursor(log, family, b, 0).next()).frames.empty());
}

EACH_DATABASE(LogTest);
EACH_DATABASE(UnknownFacts);

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
