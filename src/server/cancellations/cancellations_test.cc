#include "server/cancellations/cancellations.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::cancellations {
namespace {

using namespace std::chrono_literals;
using messages::End;
using messages::State;

class CancellationsTest : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    start();
  }
  void TearDown() override {
    stop();
    EachDatabase::TearDown();
  }
  void start() {
    mailboxes = std::make_unique<messages::Mailboxes>();
    ledger = std::make_unique<messages::Ledger>(clock, random, *mailboxes);
    cancellations = std::make_unique<Cancellations>(*ledger, tasks, clock);
    ledger->join(tasks);
    ledger->join(*cancellations);
    write([&](sql::Tx& tx) { ledger->recover(tx); });
  }
  void stop() {
    cancellations.reset();
    ledger.reset();
    mailboxes.reset();
  }
  // As a process that is killed and started again.
  void restart() {
    stop();
    reopen();
    start();
  }

  struct Sent {
    messages::Message message;
    messages::Lease lease;
  };
  Sent send(std::optional<Sent> because_of = {}, State state = State::open, bool answer = false) {
    clock.advance(1ms);
    const std::string id = random.id<RequestId>().text();
    messages::NewMessage what;
    what.target = random.id<WorkspaceId>();
    if (because_of) {
      what.source = because_of->message.target;
      what.parent = because_of->message.seq;
      what.hops = because_of->message.hops + 1;
    }
    what.answer = answer;
    what.method = "message/send";
    what.message_id = id;
    what.key = random.id<RequestId>().bytes();
    what.rpc_id = "1";
    what.body = "{}";
    auto accepted = write([&](sql::Tx& tx) { return ledger->accept(tx, what, state); });
    return {head(accepted.place.seq).message, accepted.lease};
  }
  messages::Record head(std::int64_t seq) {
    return *read([&](sql::Read& from) { return ledger->head(from, seq); });
  }
  std::optional<End> end_of(const Sent& sent) {
    auto record = head(sent.message.seq);
    if (!record.outcome) return std::nullopt;
    return record.outcome->end;
  }
  bool cancel(const Sent& sent) {
    const auto record = head(sent.message.seq);
    return write([&](sql::Tx& tx) { return cancellations->stop(tx, record, "nobody wants it"); });
  }
  void answer(const Sent& sent, std::optional<messages::AgentTask> task = {}) {
    messages::Outcome outcome;
    outcome.end = End::answered;
    outcome.task = std::move(task);
    write([&](sql::Tx& tx) { return ledger->call_off(tx, sent.message, outcome); });
  }
  // One transaction of a walk; false when there was nothing to do.
  bool step(std::int64_t slice = 4) {
    auto walked = write([&](sql::Tx& tx) { return cancellations->walk(tx, walked_to, slice); });
    EXPECT_LE(walked.stopped, slice);
    stopped += walked.stopped;
    const bool nothing = walked.over && walked_to == 0;
    walked_to = walked.at;
    return !nothing;
  }
  int walk(std::int64_t slice = 4) {
    int steps = 0;
    while (step(slice)) ++steps;
    return steps;
  }
  std::vector<std::int64_t> to_tell() {
    std::vector<std::int64_t> out;
    for (const auto& each : read([&](sql::Read& from_store) {
           return from_store.all(store::to_tell, clock.steady(), std::int64_t{1000},
                                 std::int64_t{0}, clock.steady() + 60s);
         }))
      out.push_back(each.message);
    std::ranges::sort(out);
    return out;
  }

  test::ManualClock clock;
  io::SystemRandom random;
  tasks::Tasks tasks{clock};
  std::unique_ptr<messages::Mailboxes> mailboxes;
  std::unique_ptr<messages::Ledger> ledger;
  std::unique_ptr<Cancellations> cancellations;
  std::int64_t walked_to = 0;
  std::int64_t stopped = 0;
};

TEST_P(CancellationsTest, WhatWasAskedBecauseOfItGoesWithIt) {
  const Sent root = send({}, State::leased), beside = send();
  const Sent waits = send(root), carried = send(root, State::leased), below = send(waits);
  const Sent deep = send(below, State::leased), other = send(beside);
  EXPECT_TRUE(cancel(root));
  walk();
  for (const Sent& each : {root, waits, carried, below, deep})
    EXPECT_EQ(end_of(each), End::canceled) << each.message.seq;
  EXPECT_FALSE(end_of(beside));
  EXPECT_FALSE(end_of(other));
  EXPECT_EQ(stopped, 4);
  // Those whose agents have it are told, and nobody else.
  EXPECT_EQ(to_tell(), (std::vector{root.message.seq, carried.message.seq, deep.message.seq}));
}

TEST_P(CancellationsTest, WhoeverCarriesItRecordsNothingAnyMore) {
  const Sent root = send(), carried = send(root, State::leased);
  cancel(root);
  walk();
  messages::Outcome late;
  late.end = End::answered;
  EXPECT_FALSE(
      write([&](sql::Tx& tx) { return ledger->end(tx, carried.message, carried.lease, late); }));
  EXPECT_EQ(end_of(carried), End::canceled);
  EXPECT_FALSE(cancel(carried));
  EXPECT_EQ(mailboxes->size(), 0u);
}

TEST_P(CancellationsTest, WhatHasItsAnswerKeepsItAndWhatIsBelowGoes) {
  const Sent root = send(), answered = send(root), below = send(answered);
  const Sent working = send(root);
  answer(answered);
  answer(working, messages::AgentTask{"t", "c", "working"});
  cancel(root);
  walk();
  EXPECT_EQ(end_of(answered), End::answered);
  EXPECT_EQ(end_of(below), End::canceled);
  EXPECT_EQ(end_of(working), End::answered);
  // Its agent said that it is still at it.
  EXPECT_EQ(to_tell(), std::vector{working.message.seq});
}

TEST_P(CancellationsTest, AnAgentIsToldWhateverTheWallClockDid) {
  const Sent root = send(), ahead = send(root), behind = send(root);
  for (const Sent& each : {ahead, behind}) answer(each, messages::AgentTask{"t", "c", "working"});
  clock.step(1h);
  cancel(root);
  walk();
  clock.step(-1h);
  EXPECT_EQ(to_tell(), (std::vector{ahead.message.seq, behind.message.seq}));
  write([&](sql::Tx& tx) {
    tx.post(store::tell_again, ahead.message.seq, clock.steady() + 1h);
    tx.post(store::tell_again, behind.message.seq, clock.steady() + 60s);
  });
  EXPECT_EQ(to_tell(), std::vector{ahead.message.seq}) << "nothing waits as long as that";
}

TEST_P(CancellationsTest, AnAnswerOnItsWayArrivesAndWhatItLedToGoes) {
  const Sent root = send(), asked = send(root);
  const Sent reply = send(asked, State::open, true), further = send(reply);
  answer(asked);
  cancel(root);
  walk();
  EXPECT_FALSE(end_of(reply));
  EXPECT_EQ(end_of(further), End::canceled);
}

TEST_P(CancellationsTest, NothingFurtherIsSentForIt) {
  const Sent root = send(), done = send(root), below = send(done);
  answer(done);
  cancel(root);
  const auto refused = [&](const Sent& parent) {
    try {
      send(parent);
    } catch (const Fault& fault) {
      return fault.code();
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refused(root), "task_canceled");
  walk();
  EXPECT_EQ(refused(done), "task_canceled");
  EXPECT_EQ(refused(below), "task_canceled");
  // To answer is not to go on.
  EXPECT_FALSE(end_of(send(root, State::open, true)));
}

TEST_P(CancellationsTest, ItsAgentsOwnWordIsACancelToo) {
  const Sent one = send(), of_one = send(one), two = send(), of_two = send(two);
  messages::Outcome outcome;
  outcome.end = End::canceled;
  write([&](sql::Tx& tx) { return ledger->end_open(tx, one.message, outcome); });
  answer(two, messages::AgentTask{"t", "c", "working"});
  walk();
  EXPECT_EQ(end_of(of_one), End::canceled);
  EXPECT_FALSE(end_of(of_two));
  write([&](sql::Tx& tx) {
    ledger->note(tx, two.message.seq, messages::AgentTask{"t", "c", "canceled"});
  });
  walk();
  EXPECT_EQ(end_of(of_two), End::canceled);
}

TEST_P(CancellationsTest, AKilledProcessGoesOnWhereItStopped) {
  const Sent root = send();
  std::vector<Sent> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(send(root));
    for (int j = 0; j < 2; ++j) all.push_back(send(all[all.size() - 1 - static_cast<size_t>(j)]));
  }
  cancel(root);
  int restarts = 0;
  for (;;) {
    restart();
    walked_to = 0;
    if (!step()) break;
    ++restarts;
  }
  EXPECT_GT(restarts, 10);
  EXPECT_EQ(stopped, std::ssize(all));
  for (const Sent& each : all) EXPECT_EQ(end_of(each), End::canceled);
  EXPECT_EQ(mailboxes->size(), 0u);
}

TEST_P(CancellationsTest, ABroadOneLeavesRoomForOthers) {
  const Sent broad = send();
  std::vector<Sent> many;
  for (int i = 0; i < 40; ++i) many.push_back(send(broad));
  const Sent narrow = send(), of_narrow = send(narrow);
  cancel(broad);
  cancel(narrow);
  step(8);
  EXPECT_EQ(end_of(of_narrow), End::canceled);
  EXPECT_FALSE(end_of(many.back()));
  walk(8);
  EXPECT_EQ(end_of(many.back()), End::canceled);
}

TEST_P(CancellationsTest, WhatIsNotedGoesWithItsMessage) {
  const Sent root = send(), below = send(root);
  cancel(root);
  walk();
  const auto noted = [&](const Sent& sent) {
    return read([&](sql::Read& r) { return r.optional(store::find, sent.message.seq); })
        .has_value();
  };
  EXPECT_TRUE(noted(root) && noted(below));
  write([&](sql::Tx& tx) { ledger->erase(tx, below.message.target, below.message.seq); });
  EXPECT_FALSE(noted(below));
  clock.advance(24h);
  write([&](sql::Tx& tx) { ledger->prune(tx, 0, root.message.seq, clock.now()); });
  EXPECT_FALSE(noted(root));
}

EACH_DATABASE(CancellationsTest);

}  // namespace
}  // namespace molecule::cancellations
