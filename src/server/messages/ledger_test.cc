#include "server/messages/ledger.h"

#include <gtest/gtest.h>

#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::messages {
namespace {

using namespace std::chrono_literals;

class LedgerTest : public test::EachDatabase {
 protected:
  struct Told final : Follower {
    void accepted(sql::Tx&, const NewMessage& message, const Place&, State state) override {
      said.push_back(std::string(message.message_id) + " " + std::string(enum_text(state)));
    }
    void waits(sql::Tx&, const Message& message, std::string_view why) override {
      said.push_back(message.message_id + " waits: " + std::string(why));
    }
    void ended(sql::Tx&, const Message& message, const Outcome& outcome) override {
      said.push_back(message.message_id + " " + std::string(enum_text(outcome.end)));
    }
    void amended(sql::Tx&, const Message& message, const Outcome&) override {
      said.push_back(message.message_id + " amended");
    }
    std::vector<std::string> said;
  };

  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    begin();
    target = random.id<WorkspaceId>();
    sender = random.id<WorkspaceId>();
  }
  void TearDown() override {
    ledger.reset();
    EachDatabase::TearDown();
  }
  // A new incarnation of the process, with nothing in memory.
  void begin() {
    boxes = std::make_unique<Mailboxes>();
    ledger = std::make_unique<Ledger>(clock, random, *boxes, settings);
    ledger->join(told);
  }
  void restart() {
    begin();
    write([&](sql::Tx& tx) { ledger->recover(tx); });
  }

  NewMessage message(std::string_view id) {
    NewMessage out;
    out.target = target;
    out.source = sender;
    out.method = "message/send";
    out.message_id = id;
    std::copy_n(id.begin(), std::min<std::size_t>(id.size(), 16), out.key.begin());
    out.rpc_id = "1";
    out.body = R"({"a":1})";
    return out;
  }
  Ledger::Accepted accept(std::string_view id, State state) {
    NewMessage what = message(id);
    return write([&](sql::Tx& tx) { return ledger->accept(tx, what, state); });
  }
  Record stored(std::int64_t seq) {
    auto found = read([&](sql::Read& read) { return ledger->find(read, seq); });
    EXPECT_TRUE(found.has_value());
    return *found;
  }
  std::optional<Lease> lease_next() {
    auto next = boxes->next(target, clock.monotonic(), 1);
    if (next.empty()) return std::nullopt;
    return write([&](sql::Tx& tx) { return ledger->lease(tx, target, next.front()); });
  }
  bool end(Lease lease, std::string_view body) {
    Record record = stored(lease.seq);
    Outcome outcome;
    outcome.body = RawJson(std::string(body));
    return write([&](sql::Tx& tx) { return ledger->end(tx, record.message, lease, outcome); });
  }
  Ledger::Back give_back(Lease lease, bool seen) {
    Record record = stored(lease.seq);
    Ledger::Returned returned;
    returned.why = "not reachable";
    returned.seen = seen;
    returned.unreached = !seen;
    return write(
        [&](sql::Tx& tx) { return ledger->give_back(tx, record.message, lease, returned); });
  }

  test::ManualClock clock;
  test::CountingRandom random;
  Settings settings;
  Told told;
  WorkspaceId target, sender;
  std::unique_ptr<Mailboxes> boxes;
  std::unique_ptr<Ledger> ledger;
};

TEST_P(LedgerTest, AMessageIsAcceptedOncePerKey) {
  auto first = accept("m1", State::leased);
  auto second = accept("m1", State::leased);
  EXPECT_FALSE(first.earlier.has_value());
  ASSERT_TRUE(second.earlier.has_value());
  EXPECT_EQ(second.place.id, first.place.id);
  EXPECT_EQ(told.said, std::vector<std::string>{"m1 leased"});
}

TEST_P(LedgerTest, AKeyIsKnownAfterARestart) {
  auto first = accept("m1", State::leased);
  restart();
  auto second = accept("m1", State::leased);
  ASSERT_TRUE(second.earlier.has_value());
  EXPECT_EQ(second.place.seq, first.place.seq);
}

TEST_P(LedgerTest, AKeyOfAMessageThatWasUndoneOrErasedIsFree) {
  NewMessage what = message("m1");
  try {
    write([&](sql::Tx& tx) {
      ledger->accept(tx, what, State::open);
      throw bad_request("test", "undone");
    });
  } catch (const Fault&) {
    // What matters is what is left.
  }
  EXPECT_EQ(boxes->size(), 0U);
  auto first = accept("m1", State::open);
  EXPECT_FALSE(first.earlier.has_value());
  write([&](sql::Tx& tx) { ledger->erase(tx, target, first.place.seq); });
  EXPECT_FALSE(accept("m1", State::open).earlier.has_value());
}

TEST_P(LedgerTest, AMessageEndsOnce) {
  auto accepted = accept("m1", State::leased);
  EXPECT_TRUE(end(accepted.lease, R"({"r":1})"));
  EXPECT_FALSE(end(accepted.lease, R"({"r":2})"));
  Record record = stored(accepted.place.seq);
  EXPECT_FALSE(record.delivery.has_value());
  ASSERT_TRUE(record.outcome.has_value());
  EXPECT_EQ(record.outcome->body.text, R"({"r":1})");
  EXPECT_EQ(boxes->size(), 0U);
  EXPECT_EQ(told.said, (std::vector<std::string>{"m1 leased", "m1 answered"}));
}

TEST_P(LedgerTest, WhatComesOfWorkTakesThePlaceOfTheAnswerThatItGoesOn) {
  auto one = accept("m1", State::leased);
  ASSERT_TRUE(end(one.lease, R"({"state":"working"})"));
  clock.advance(std::chrono::hours(2));
  Outcome later;
  later.end = End::failed;
  later.error = "out of ink";
  later.body = RawJson(R"({"state":"failed"})");
  const Message message = stored(one.place.seq).message;
  EXPECT_TRUE(write([&](sql::Tx& tx) { return ledger->amend(tx, message, later); }));
  Record now = stored(one.place.seq);
  ASSERT_TRUE(now.outcome.has_value());
  EXPECT_EQ(now.outcome->end, End::failed);
  EXPECT_EQ(now.outcome->error, "out of ink");
  EXPECT_EQ(now.outcome->body.text, R"({"state":"failed"})");
  EXPECT_EQ(now.outcome->ended_at, clock.now()) << "it is kept from its end on";
  EXPECT_EQ(told.said.back(), "m1 amended");
  later.end = End::answered;
  EXPECT_FALSE(write([&](sql::Tx& tx) { return ledger->amend(tx, message, later); }))
      << "what has failed stays so";
  auto waiting = accept("m2", State::open);
  const Message open = stored(waiting.place.seq).message;
  EXPECT_FALSE(write([&](sql::Tx& tx) { return ledger->amend(tx, open, later); }));
  EXPECT_FALSE(stored(waiting.place.seq).outcome.has_value());
}

TEST_P(LedgerTest, AnotherIncarnationTakesOverAndTheOldLeaseIsVoid) {
  auto accepted = accept("m1", State::leased);
  restart();
  EXPECT_EQ(boxes->waiting(target), 1);
  EXPECT_FALSE(end(accepted.lease, "{}"));
  auto lease = lease_next();
  ASSERT_TRUE(lease.has_value());
  EXPECT_GT(lease->epoch, accepted.lease.epoch);
  EXPECT_EQ(stored(lease->seq).delivery->attempts, 1);  // The agent may have seen it.
  EXPECT_TRUE(end(*lease, "{}"));
}

TEST_P(LedgerTest, WhatShowsNothingIsGivenUpAfterSoManyIncarnations) {
  const auto accepted = accept("m1", State::leased);
  for (std::int64_t i = 1; i < settings.attempts_max; ++i) {
    restart();
    ASSERT_TRUE(lease_next().has_value()) << i;
  }
  restart();
  EXPECT_EQ(stored(accepted.place.seq).outcome->end, End::dead);
}

TEST_P(LedgerTest, WhatShowsProgressOutlivesAnyNumberOfIncarnations) {
  const auto accepted = accept("m1", State::leased);
  auto lease = std::optional(accepted.lease);
  const auto progress = [&] {
    write([&](sql::Tx& tx) { ledger->progressed(tx, target, *lease); });
  };
  progress();
  for (std::int64_t i = 0; i < 3 * settings.attempts_max; ++i) {
    restart();
    lease = lease_next();
    ASSERT_TRUE(lease.has_value()) << i;
    EXPECT_EQ(stored(lease->seq).delivery->attempts, 1) << i;
    progress();
    EXPECT_EQ(stored(lease->seq).delivery->attempts, 0) << i;
  }
  // One after the other before its agent could say anything.
  for (std::int64_t i = 1; i < settings.attempts_max; ++i) {
    restart();
    ASSERT_TRUE(lease_next().has_value()) << i;
  }
  restart();
  EXPECT_FALSE(stored(accepted.place.seq).outcome.has_value());
  EXPECT_FALSE(lease_next().has_value()) << "it may be what ends them: others go first";
  clock.advance(settings.wait_longest);
  lease = lease_next();
  ASSERT_TRUE(lease.has_value());
  EXPECT_TRUE(end(*lease, R"({"r":1})"));
}

TEST_P(LedgerTest, ProgressUnderAVoidLeaseIsNone) {
  const auto accepted = accept("m1", State::leased);
  restart();
  write([&](sql::Tx& tx) { ledger->progressed(tx, target, accepted.lease); });
  EXPECT_EQ(stored(accepted.place.seq).delivery->attempts, 1);
}

TEST_P(LedgerTest, RecoveryInTheSameIncarnationKeepsItsOwnLeases) {
  auto accepted = accept("m1", State::leased);
  write([&](sql::Tx& tx) { ledger->recover(tx); });
  EXPECT_EQ(boxes->under_way(target), 1);
  EXPECT_TRUE(end(accepted.lease, "{}"));
}

TEST_P(LedgerTest, AMessageIsLeasedToOne) {
  accept("m1", State::open);
  auto next = boxes->next(target, clock.monotonic(), 1);
  ASSERT_EQ(next.size(), 1U);
  auto first = write([&](sql::Tx& tx) { return ledger->lease(tx, target, next.front()); });
  auto second = write([&](sql::Tx& tx) { return ledger->lease(tx, target, next.front()); });
  EXPECT_TRUE(first.has_value());
  EXPECT_FALSE(second.has_value());
  EXPECT_FALSE(lease_next().has_value());
}

TEST_P(LedgerTest, NotReachingAnAgentIsNoAttempt) {
  settings.attempts_max = 2;
  begin();
  accept("m1", State::open);
  for (int i = 0; i < 20; ++i) {
    auto lease = lease_next();
    ASSERT_TRUE(lease.has_value()) << i;
    EXPECT_EQ(give_back(*lease, false), Ledger::Back::waits);
    clock.advance(1h);
  }
  auto lease = lease_next();
  EXPECT_EQ(give_back(*lease, true), Ledger::Back::waits);
  clock.advance(1h);
  lease = lease_next();
  EXPECT_EQ(give_back(*lease, true), Ledger::Back::dead);
  EXPECT_EQ(stored(lease->seq).outcome->end, End::dead);
}

TEST_P(LedgerTest, AnAgentAtWorkIsProgress) {
  auto accepted = accept("m1", State::leased);
  auto lease = std::optional(accepted.lease);
  auto at_work = [&] {
    Record record = stored(lease->seq);
    Ledger::Returned returned;
    returned.why = "at work";
    returned.at_work = true;
    return write(
        [&](sql::Tx& tx) { return ledger->give_back(tx, record.message, *lease, returned); });
  };
  for (std::int64_t i = 1; i < settings.attempts_max; ++i) {
    ASSERT_EQ(give_back(*lease, true), Ledger::Back::waits);
    clock.advance(settings.wait_longest);
    lease = lease_next();
    ASSERT_TRUE(lease);
  }
  told.said.clear();
  EXPECT_EQ(at_work(), Ledger::Back::waits);
  EXPECT_TRUE(told.said.empty()) << "it does not wait: it is worked on";
  EXPECT_EQ(stored(lease->seq).delivery->attempts, 0);
  EXPECT_TRUE(boxes->may_pass(target, sender)) << "and nothing waits behind it";
  for (int i = 0; i < 20; ++i) {
    clock.advance(settings.retry_after);
    lease = lease_next();
    ASSERT_TRUE(lease) << "it is asked for again soon";
    EXPECT_TRUE(boxes->may_pass(target, sender));
    ASSERT_EQ(at_work(), Ledger::Back::waits);
  }
  clock.advance(settings.retry_after);
  lease = lease_next();
  ASSERT_TRUE(lease);
  EXPECT_EQ(give_back(*lease, true), Ledger::Back::waits);
  EXPECT_EQ(stored(lease->seq).delivery->attempts, 1) << "its run was lost: it counts again";
  EXPECT_FALSE(boxes->may_pass(target, sender));
}

TEST_P(LedgerTest, WaitingEndsByAge) {
  settings.age_max = 48h;
  begin();
  auto accepted = accept("m1", State::open);
  NewMessage hasty = message("m2");
  hasty.expires_at = clock.now() + 1s;
  auto short_lived = write([&](sql::Tx& tx) { return ledger->accept(tx, hasty, State::open); });
  clock.advance(2s);
  EXPECT_EQ(write([&](sql::Tx& tx) { return ledger->expire(tx, 10); }), 1U);
  EXPECT_EQ(stored(short_lived.place.seq).outcome->end, End::expired);
  clock.advance(47h);
  EXPECT_EQ(write([&](sql::Tx& tx) { return ledger->expire(tx, 10); }), 0U);
  clock.advance(2h);
  EXPECT_EQ(write([&](sql::Tx& tx) { return ledger->expire(tx, 10); }), 1U);
  EXPECT_EQ(stored(accepted.place.seq).outcome->end, End::expired);
  EXPECT_EQ(boxes->size(), 0U);
}

TEST_P(LedgerTest, WhatIsOverdueIsNotCarriedAnyMore) {
  NewMessage hasty = message("hasty");
  hasty.expires_at = clock.now() + 1s;
  write([&](sql::Tx& tx) { return ledger->accept(tx, hasty, State::open); });
  accept("later", State::open);
  clock.advance(2s);
  EXPECT_FALSE(lease_next()) << "an agent that comes back before the overdue were ended";
  EXPECT_EQ(write([&](sql::Tx& tx) { return ledger->expire(tx, 10); }), 1U);
  EXPECT_TRUE(lease_next());
}

TEST_P(LedgerTest, WhatIsCarriedExpiresWhenItComesBack) {
  NewMessage hasty = message("m1");
  hasty.expires_at = clock.now() + 1s;
  auto accepted = write([&](sql::Tx& tx) { return ledger->accept(tx, hasty, State::leased); });
  clock.advance(5s);
  EXPECT_EQ(write([&](sql::Tx& tx) { return ledger->expire(tx, 10); }), 0U);
  EXPECT_EQ(give_back(accepted.lease, false), Ledger::Back::expired);
  EXPECT_EQ(stored(accepted.place.seq).outcome->end, End::expired);
}

TEST_P(LedgerTest, ARemovedWorkspaceEndsWhatIsOpenForIt) {
  auto waiting = accept("m1", State::open);
  auto carried = accept("m2", State::leased);
  write([&](sql::Tx& tx) { ledger->end_all_for(tx, target, 100); });
  EXPECT_EQ(stored(waiting.place.seq).outcome->end, End::removed);
  EXPECT_EQ(stored(carried.place.seq).outcome->end, End::removed);
  EXPECT_FALSE(end(carried.lease, "{}"));
  EXPECT_EQ(boxes->size(), 0U);
}

TEST_P(LedgerTest, AnAnswerToWhatWasFetchedEndsItOnce) {
  auto accepted = accept("m1", State::open);
  Record record = stored(accepted.place.seq);
  auto answer = [&] {
    return write([&](sql::Tx& tx) { return ledger->end_open(tx, record.message, Outcome{}); });
  };
  EXPECT_TRUE(answer());
  EXPECT_FALSE(answer());
}

TEST_P(LedgerTest, WhatWasFetchedIsNotedOnce) {
  const std::int64_t first = accept("m1", State::open).place.seq;
  const std::int64_t carried = accept("m2", State::leased).place.seq;
  const std::vector<std::int64_t> all{first, carried};
  EXPECT_EQ(boxes->unfetched(target, all), std::vector{first});
  write([&](sql::Tx& tx) { ledger->fetched(tx, target, all); });
  EXPECT_EQ(stored(first).delivery->why, fetched_why);
  EXPECT_EQ(stored(carried).delivery->why, std::nullopt);
  EXPECT_TRUE(boxes->unfetched(target, all).empty());
}

TEST_P(LedgerTest, ASendersMessagesGoOutInOrderWhileOthersPass) {
  auto first = accept("m1", State::leased);
  EXPECT_TRUE(boxes->may_pass(target, sender));
  give_back(first.lease, false);  // Waits for its time now.
  EXPECT_FALSE(boxes->may_pass(target, sender));
  EXPECT_TRUE(boxes->may_pass(target, std::nullopt));
  accept("m2", State::open);
  NewMessage of_person = message("m3");
  of_person.source.reset();
  write([&](sql::Tx& tx) { ledger->accept(tx, of_person, State::open); });
  // m2 may not overtake m1, m3 is another sender's.
  EXPECT_EQ(stored(boxes->next(target, clock.monotonic(), 1).front().seq).message.message_id, "m3");
  clock.advance(1min);
  EXPECT_EQ(stored(boxes->next(target, clock.monotonic(), 1).front().seq).message.message_id, "m1");
}

TEST_P(LedgerTest, WhatHasWaitedIsNotOvertakenWhileItIsCarried) {
  auto first = accept("m1", State::leased);
  give_back(first.lease, false);
  accept("m2", State::open);
  clock.advance(1min);
  auto carried = lease_next();
  ASSERT_TRUE(carried.has_value());
  EXPECT_FALSE(lease_next().has_value()) << "m1 may come back";
  EXPECT_FALSE(boxes->may_pass(target, sender));
  end(*carried, "{}");
  EXPECT_TRUE(lease_next().has_value());
}

TEST_P(LedgerTest, OnceOneHasArrivedTheOthersFollowTogether) {
  auto first = accept("m1", State::leased);
  give_back(first.lease, false);
  for (auto id : {"m2", "m3", "m4"}) accept(id, State::open);
  clock.advance(1min);
  auto alone = lease_next();
  ASSERT_TRUE(alone.has_value());
  EXPECT_TRUE(boxes->next(target, clock.monotonic(), 10).empty());
  end(*alone, "{}");
  EXPECT_EQ(boxes->next(target, clock.monotonic(), 10).size(), 3U);
  auto second = lease_next();
  EXPECT_EQ(boxes->next(target, clock.monotonic(), 10).size(), 2U) << "nobody waits for m2";
  give_back(*second, false);
  EXPECT_TRUE(boxes->next(target, clock.monotonic(), 10).empty()) << "m2 goes before them";
  clock.advance(1min);
  EXPECT_EQ(boxes->next(target, clock.monotonic(), 10).size(), 1U) << "and alone";
}

TEST_P(LedgerTest, AnAgentThatIsBackGetsItsMessagesAtOnce) {
  auto first = accept("m1", State::leased);
  give_back(first.lease, false);
  EXPECT_FALSE(lease_next().has_value());
  boxes->due_now(target);
  auto again = lease_next();
  ASSERT_TRUE(again.has_value());
  give_back(*again, true);  // It was there and asked for time.
  boxes->due_now(target);
  EXPECT_FALSE(lease_next().has_value());
}

TEST_P(LedgerTest, ALeaseThatNobodyRenewsIsTakenBack) {
  auto lost = accept("m1", State::leased);
  clock.advance(settings.lease_for + 1s);
  auto held = boxes->ending_before(clock.monotonic(), 10);
  ASSERT_EQ(held.size(), 1U);
  write([&](sql::Tx& tx) { ledger->take_back(tx, held.front()); });
  EXPECT_FALSE(end(lost.lease, "{}"));
  clock.advance(1min);
  EXPECT_TRUE(lease_next().has_value());
}

TEST_P(LedgerTest, AStepOfTheWallClockDelaysNoRetry) {
  auto first = accept("m1", State::leased);
  give_back(first.lease, false);
  clock.step(-24h);
  clock.advance(1min);
  EXPECT_TRUE(lease_next().has_value());
}

TEST_P(LedgerTest, AWaitNotedUnderAWrongClockEndsWithinTheLongestOne) {
  auto first = accept("m1", State::leased);
  clock.step(24h * 7);
  give_back(first.lease, false);
  clock.step(-24h * 7);
  restart();
  EXPECT_FALSE(lease_next().has_value());
  clock.advance(settings.asked_longest);
  EXPECT_TRUE(lease_next().has_value());
}

TEST_P(LedgerTest, AnAgentThatRegistersAnewIsTriedWhateverItSaid) {
  auto first = accept("m1", State::leased);
  give_back(first.lease, true);
  EXPECT_FALSE(lease_next().has_value());
  boxes->due_now(target, true);
  EXPECT_TRUE(lease_next().has_value());
}

TEST_P(LedgerTest, ALeaseIsRenewedByWhoHoldsIt) {
  auto accepted = accept("m1", State::leased);
  clock.advance(settings.lease_for - 1s);
  EXPECT_EQ(boxes->ending_before(clock.monotonic() + 5s, 10).size(), 1U);
  EXPECT_TRUE(write([&](sql::Tx& tx) { return ledger->renew(tx, target, accepted.lease); }));
  EXPECT_TRUE(boxes->ending_before(clock.monotonic() + 5s, 10).empty());
  Lease stale{accepted.lease.seq, accepted.lease.epoch + 7};
  EXPECT_FALSE(write([&](sql::Tx& tx) { return ledger->renew(tx, target, stale); }));
}

TEST_P(LedgerTest, RetentionPassesOpenWork) {
  auto open = accept("open", State::open);
  for (int i = 0; i < 50; ++i) {
    auto accepted = accept("m" + std::to_string(i), State::leased);
    end(accepted.lease, R"({"r":1})");
  }
  clock.advance(24h * 30);
  auto young = accept("young", State::leased);
  end(young.lease, "{}");
  const Instant before = clock.now() - 24h;
  std::int64_t from = 0;
  while (auto until = write([&](sql::Tx& tx) { return ledger->aged_until(tx, from, before, 7); })) {
    write([&](sql::Tx& tx) { ledger->prune(tx, from, *until, before); });
    from = *until;
  }
  auto left = read([&](sql::Read& read) {
    std::vector<std::string> ids;
    for (std::int64_t seq = 1; seq <= young.place.seq; ++seq) {
      if (auto found = ledger->find(read, seq)) ids.push_back(found->message.message_id);
    }
    return ids;
  });
  EXPECT_EQ(left, (std::vector<std::string>{"open", "young"}));
  EXPECT_EQ(stored(open.place.seq).delivery->state, State::open);
}

TEST_P(LedgerTest, RetentionKeepsWhatEndedLate) {
  auto late = accept("answered when its agent was back", State::open);
  auto silent = accept("never answered", State::open);
  clock.advance(24h * 10);
  auto lease = write(
      [&](sql::Tx& tx) { return ledger->lease(tx, target, {late.place.seq, late.lease.epoch}); });
  end(*lease, R"({"r":1})");
  clock.advance(24h * 4);
  EXPECT_EQ(write([&](sql::Tx& tx) { return ledger->expire(tx, 10); }), 1u);
  auto kept = [&](std::chrono::hours retention) {
    const Instant before = clock.now() - retention;
    if (auto until = write([&](sql::Tx& tx) { return ledger->aged_until(tx, 0, before, 100); }))
      write([&](sql::Tx& tx) { ledger->prune(tx, 0, *until, before); });
    return read([&](sql::Read& from) {
      return std::pair(ledger->find(from, late.place.seq).has_value(),
                       ledger->find(from, silent.place.seq).has_value());
    });
  };
  EXPECT_EQ(kept(24h * 7), std::pair(true, true)) << "both are two weeks old";
  clock.advance(24h * 4);
  EXPECT_EQ(kept(24h * 7), std::pair(false, true)) << "eight and four days after their ends";
  clock.advance(24h * 4);
  EXPECT_EQ(kept(24h * 7), std::pair(false, false));
}

TEST_P(LedgerTest, AnIdNamesItsMessageAndNoOther) {
  auto accepted = accept("m1", State::leased);
  EXPECT_EQ(seq_of(accepted.place.id), accepted.place.seq);
  auto other = make_id(clock.now() + 1h, accepted.place.seq);
  EXPECT_FALSE(read([&](sql::Read& read) { return ledger->find(read, other); }).has_value());
  EXPECT_FALSE(read([&](sql::Read& read) { return ledger->find(read, ActivityId{}); }).has_value());
}

EACH_DATABASE(LedgerTest);

}  // namespace
}  // namespace molecule::messages
