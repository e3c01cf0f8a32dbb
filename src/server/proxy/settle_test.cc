#include "server/proxy/settle.h"

#include <gtest/gtest.h>

#include "server/activity/feed.h"
#include "server/proxy/refusal.h"
#include "server/proxy/told.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::proxy {
namespace {

using End = Carried::End;
using messages::State;

class Settle : public test::EachDatabase {
 protected:
  struct Under {
    messages::Message message;
    messages::Lease lease;
  };

  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    log = std::make_unique<events::Log>(db(), clock);
    feed = std::make_unique<activity::Feed>(*log, directory, clock);
    told = std::make_unique<Told>(*log);
    ledger = std::make_unique<messages::Ledger>(clock, random, mailboxes, limits);
    ledger->join(*feed);
    ledger->join(*told);
    settler = std::make_unique<Settler>(db(), *ledger, clock);
    workspace = random.id<WorkspaceId>();
  }
  void TearDown() override {
    settler.reset();
    ledger.reset();
    told.reset();
    feed.reset();
    log.reset();
    EachDatabase::TearDown();
  }
  // A message under way, from a person unless a sender is given.
  Under under_way(std::optional<WorkspaceId> source = {}, std::optional<Instant> expires_at = {}) {
    const std::string id = random.id<RequestId>().text();
    messages::NewMessage what;
    what.target = workspace;
    what.source = source;
    what.method = "message/send";
    what.message_id = id;
    what.key = random.id<RequestId>().bytes();
    what.rpc_id = "1";
    what.body = "{}";
    what.expires_at = expires_at;
    auto accepted = write([&](sql::Tx& tx) { return ledger->accept(tx, what, State::leased); });
    return {stored(accepted.place.seq).message, accepted.lease};
  }
  messages::Record stored(std::int64_t seq) {
    return *read([&](sql::Read& read) { return ledger->find(read, seq); });
  }
  Settled settle(const Under& under, const Carried& carried) {
    return run(settler->settle(under.message, under.lease, carried));
  }
  static Carried answered(std::string_view text) {
    Carried carried;
    carried.end = End::answered;
    carried.answer.text = std::string(text);
    carried.answer.body = R"({"result":1})";
    return carried;
  }
  static Carried not_now(int status = 0, bool delivered = false) {
    Carried carried;
    carried.status = status;
    carried.delivered = delivered;
    carried.code = "agent_unreachable";
    carried.error = "nobody listens";
    return carried;
  }
  std::optional<messages::Lease> lease_next() {
    auto next = mailboxes.next(workspace, clock.monotonic(), 1);
    if (next.empty()) return std::nullopt;
    return write([&](sql::Tx& tx) { return ledger->lease(tx, workspace, next.front()); });
  }
  std::vector<std::string> events_of() {
    std::vector<std::string> types;
    for (const auto& frame : log->recent_after(0, 100).frames) types.push_back(frame->type);
    return types;
  }

  test::ManualClock clock;
  test::CountingRandom random;
  workspaces::Directory directory;
  messages::Mailboxes mailboxes;
  messages::Settings limits;
  WorkspaceId workspace;
  std::unique_ptr<events::Log> log;
  std::unique_ptr<activity::Feed> feed;
  std::unique_ptr<Told> told;
  std::unique_ptr<messages::Ledger> ledger;
  std::unique_ptr<Settler> settler;
};

TEST_P(Settle, AnAnswerIsRecordedOnceAndToldToThePerson) {
  Under under = under_way();
  EXPECT_EQ(settle(under, answered("done")), Settled::recorded);
  EXPECT_EQ(settle(under, answered("again")), Settled::stale);
  EXPECT_EQ(stored(under.message.seq).outcome->end, messages::End::answered);
  EXPECT_EQ(events_of(), (std::vector<std::string>{"ACTIVITY_LOGGED", "USER_MESSAGE",
                                                   "ACTIVITY_LOGGED", "A2A_RESPONSE"}));
}

TEST_P(Settle, AnAgentsMessageMakesNoEventForPeople) {
  Under under = under_way(random.id<WorkspaceId>());
  settle(under, answered("done"));
  EXPECT_EQ(events_of(), (std::vector<std::string>{"ACTIVITY_LOGGED", "ACTIVITY_LOGGED"}));
}

TEST_P(Settle, ARefusalIsRecordedAsTheResult) {
  Under under = under_way();
  Carried carried;
  carried.end = End::refused;
  carried.status = 404;
  carried.code = "agent_error";
  carried.error = "no such skill";
  EXPECT_EQ(settle(under, carried), Settled::recorded);
  auto outcome = *stored(under.message.seq).outcome;
  EXPECT_EQ(outcome.end, messages::End::failed);
  EXPECT_EQ(outcome.error, "no such skill");
  EXPECT_EQ(refusal_in(outcome)->http_status, 404);
}

TEST_P(Settle, AnAgentThatIsAwayIsWaitedForAndNothingIsCounted) {
  Under under = under_way();
  EXPECT_EQ(settle(under, not_now()), Settled::retry);
  for (int i = 0; i < 100; ++i) {
    clock.advance(limits.wait_longest);
    auto lease = lease_next();
    ASSERT_TRUE(lease.has_value()) << i;
    EXPECT_EQ(settle({under.message, *lease}, not_now()), Settled::retry);
  }
  EXPECT_EQ(stored(under.message.seq).delivery->attempts, 0);
}

TEST_P(Settle, AnAgentThatIsBusyIsWaitedForToo) {
  Under under = under_way();
  EXPECT_EQ(settle(under, not_now(503, true)), Settled::retry);
  EXPECT_EQ(stored(under.message.seq).delivery->attempts, 0);
}

TEST_P(Settle, WhatTheAgentMayHaveSeenTooOftenIsGivenUp) {
  Under under = under_way();
  EXPECT_EQ(settle(under, not_now(0, true)), Settled::retry);
  for (int attempt = 2; attempt <= limits.attempts_max; ++attempt) {
    EXPECT_FALSE(lease_next().has_value()) << "too early";
    clock.advance(limits.retry_after * (1 << (attempt - 2)));
    auto lease = lease_next();
    ASSERT_TRUE(lease.has_value()) << attempt;
    EXPECT_EQ(settle({under.message, *lease}, not_now(0, true)),
              attempt == limits.attempts_max ? Settled::dead : Settled::retry);
  }
  auto outcome = *stored(under.message.seq).outcome;
  EXPECT_EQ(outcome.end, messages::End::dead);
  EXPECT_EQ(refusal_in(outcome)->error, "nobody listens");
}

TEST_P(Settle, AnExpiredMessageIsGivenUpAtOnce) {
  Under under = under_way({}, clock.now());
  EXPECT_EQ(settle(under, not_now()), Settled::expired);
  EXPECT_EQ(stored(under.message.seq).outcome->end, messages::End::expired);
}

TEST_P(Settle, ATaskThatIsNotDoneIsAnsweredAndSaysSo) {
  struct Listener final : messages::Follower {
    void ended(sql::Tx&, const messages::Message&, const messages::Outcome& outcome) override {
      unfinished = outcome.unfinished;
    }
    std::optional<std::string> unfinished;
  } listener;
  ledger->join(listener);
  Under under = under_way();
  Carried carried = answered("which one?");
  carried.answer.outcome = a2a::Outcome::unfinished;
  carried.answer.error = "unfinished: which one?";
  settle(under, carried);
  EXPECT_EQ(stored(under.message.seq).outcome->end, messages::End::answered);
  EXPECT_EQ(listener.unfinished, "unfinished: which one?");
}

EACH_DATABASE(Settle);

}  // namespace
}  // namespace molecule::proxy
