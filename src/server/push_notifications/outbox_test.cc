#include "server/push_notifications/outbox.h"

#include <memory>

#include <gtest/gtest.h>

#include "server/push_notifications/turns.h"
#include "server/tasks/tasks.h"
#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::push_notifications {
namespace {

using namespace std::chrono_literals;
using messages::AgentTask;
using messages::End;
using messages::State;
using States = std::vector<std::string>;

class PushOutbox : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    crypto::Keyring ring;
    ring.add(crypto::SealingKey::random(random));
    vault = std::make_unique<secrets::Vault>(db(), random, std::move(ring),
                                             secrets::KeySettings{{}, true});
    kept = std::make_unique<secrets::Kept>(*vault);
    outbox = std::make_unique<Outbox>(clock, random, *kept);
    ledger = std::make_unique<messages::Ledger>(clock, random, mailboxes);
    ledger->join(tasks);
    ledger->join(*outbox);
    agent = random.id<WorkspaceId>();
  }
  void TearDown() override {
    ledger.reset();
    outbox.reset();
    kept.reset();
    vault.reset();
    EachDatabase::TearDown();
  }
  messages::Message accept() {
    clock.advance(1s);
    const std::string id = random.id<RequestId>().text();
    messages::NewMessage what;
    what.target = agent;
    what.method = "SendMessage";
    what.message_id = id;
    what.key = random.id<RequestId>().bytes();
    what.rpc_id = "1";
    what.body = "{}";
    auto accepted = write([&](sql::Tx& tx) { return ledger->accept(tx, what, State::open); });
    return read([&](sql::Read& r) { return ledger->find(r, accepted.place.seq); })->message;
  }
  void set(const messages::Message& message, std::string id, a2a::PushConfig config = {}) {
    Outbox::New what;
    what.message = message.seq;
    what.target = agent;
    what.state = "submitted";
    what.config = std::move(config);
    what.config.id = std::move(id);
    what.config.url = "https://receiver.example/";
    write([&](sql::Tx& tx) { return outbox->set(tx, what); });
  }
  void note(const messages::Message& message, const std::string& state) {
    clock.advance(1s);
    write([&](sql::Tx& tx) { ledger->note(tx, message.seq, {"t", "c", state}); });
  }
  void end(const messages::Message& message, End how, std::optional<AgentTask> task = {}) {
    clock.advance(1s);
    messages::Outcome outcome;
    outcome.end = how;
    outcome.task = std::move(task);
    write([&](sql::Tx& tx) { return ledger->call_off(tx, message, outcome); });
  }
  std::vector<Due> due() {
    return read(
        [&](sql::Read& r) { return next_to_tell(r, Places({100, 100, 100}), clock.steady()); });
  }
  // As a receiver that takes all there is.
  States taken() {
    States out;
    for (auto rows = due(); !rows.empty(); rows = due()) {
      for (const Due& each : rows) {
        out.push_back(each.state);
        write([&](sql::Tx& tx) {
          tx.run(store::let_go, each.key, each.number);
          tx.run(store::took, each.key, each.number, clock.steady());
        });
      }
    }
    return out;
  }
  std::size_t configs(const messages::Message& message) {
    return read([&](sql::Read& r) { return r.all(store::of_message, message.seq).size(); });
  }

  test::ManualClock clock;
  io::SystemRandom random;
  messages::Mailboxes mailboxes;
  tasks::Tasks tasks{clock};
  std::unique_ptr<secrets::Vault> vault;
  std::unique_ptr<secrets::Kept> kept;
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<messages::Ledger> ledger;
  WorkspaceId agent;
};

TEST_P(PushOutbox, EveryChangeIsToldOnceAndInOrder) {
  auto message = accept();
  set(message, "c");
  EXPECT_EQ(taken(), States{});
  for (const char* state : {"working", "working", "unknown", "", "input-required"})
    note(message, state);
  EXPECT_EQ(taken(), (States{"working", "input-required"}));
  end(message, End::answered, AgentTask{"t", "c", "completed"});
  note(message, "working");
  EXPECT_EQ(taken(), States{"completed"});
  EXPECT_EQ(due().size(), 0u);
}

TEST_P(PushOutbox, EachEndHasItsState) {
  const std::vector<std::pair<End, std::string>> ends{
      {End::answered, "completed"}, {End::failed, "failed"}, {End::expired, "failed"},
      {End::removed, "failed"},     {End::dead, "failed"},   {End::canceled, "canceled"}};
  for (const auto& [how, state] : ends) {
    auto message = accept();
    set(message, "c");
    end(message, how);
    EXPECT_EQ(taken(), States{state});
  }
  auto message = accept();
  set(message, "c");
  end(message, End::failed, AgentTask{"t", "c", "rejected"});
  EXPECT_EQ(taken(), States{"rejected"});
}

TEST_P(PushOutbox, WhatWaitsIsBoundedAndTheEndIsAmongIt) {
  auto message = accept();
  set(message, "c");
  for (int i = 0; i < changes_max + 10; ++i)
    note(message, i % 2 == 0 ? "working" : "input-required");
  end(message, End::answered, AgentTask{"t", "c", "completed"});
  States told = taken();
  EXPECT_EQ(told.size(), static_cast<std::size_t>(changes_max) + 1);
  EXPECT_EQ(told.back(), "completed");
}

TEST_P(PushOutbox, WhatIsNotTakenStaysFirst) {
  auto message = accept();
  set(message, "c");
  note(message, "working");
  note(message, "input-required");
  auto first = due();
  ASSERT_EQ(first.size(), 1u);
  write(
      [&](sql::Tx& tx) { tx.run(store::again, first[0].key, first[0].number, clock.now() + 5s); });
  EXPECT_EQ(due().size(), 0u);
  clock.advance(5s);
  auto again = due();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].state, "working");
  EXPECT_EQ(again[0].number, first[0].number);
  EXPECT_EQ(again[0].attempts, 1);
  EXPECT_EQ(taken(), (States{"working", "input-required"}));
}

TEST_P(PushOutbox, ItsReceiverKnowsTheTaskByOneId) {
  auto message = accept();
  set(message, "c");
  note(message, "working");
  EXPECT_EQ(due()[0].task_id, "t");
  write([&](sql::Tx& tx) { ledger->note(tx, message.seq, {"other", "c", "input-required"}); });
  EXPECT_EQ(due()[0].task_id, "t");
}

TEST_P(PushOutbox, ItFollowsTheTaskToItsNextMessage) {
  auto first = accept();
  set(first, "c");
  end(first, End::answered, AgentTask{"t", "c", "input-required"});
  auto second = accept();
  write([&](sql::Tx& tx) { outbox->moved(tx, "t", agent, std::nullopt, second.seq); });
  EXPECT_EQ(configs(first), 0u);
  end(second, End::answered, AgentTask{"t", "c", "completed"});
  EXPECT_EQ(taken(), (States{"input-required", "completed"}));
  write([&](sql::Tx& tx) {
    outbox->moved(tx, "t", random.id<WorkspaceId>(), std::nullopt, first.seq);
    outbox->moved(tx, "t", agent, random.id<WorkspaceId>(), first.seq);
  });
  EXPECT_EQ(configs(second), 1u);
}

TEST_P(PushOutbox, OneOfTheSameIdTakesItsPlaceAndTheirNumberIsBounded) {
  auto message = accept();
  for (std::size_t i = 0; i < configs_max; ++i) set(message, std::to_string(i));
  set(message, "0");
  EXPECT_EQ(configs(message), configs_max);
  EXPECT_THROW(set(message, "more"), Fault);
}

TEST_P(PushOutbox, SecretsAreSealedAndGoWithIt) {
  auto message = accept();
  set(message, "c", {{}, {}, "a token", "Bearer", "credentials"});
  const auto sealed = [this] {
    constexpr sql::Query<sql::Bytes()> all{"test.sealed", "SELECT sealed FROM sealed_values"};
    return read([&](sql::Read& r) { return r.all(all); });
  };
  ASSERT_EQ(sealed().size(), 1u);
  const sql::Bytes bytes = sealed()[0];
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()).find("token"), std::string::npos);
  const auto opened = [&] {
    return read(
        [&](sql::Read& r) { return outbox->opened(r, r.all(store::of_message, message.seq)[0]); });
  };
  EXPECT_EQ(opened().token + opened().scheme + opened().credentials, "a tokenBearercredentials");
  write([&](sql::Tx& tx) { ledger->erase(tx, agent, message.seq); });
  EXPECT_EQ(configs(message), 0u);
  EXPECT_EQ(sealed().size(), 0u);
  EXPECT_EQ(outbox->watched(), 0u);
}

TEST_P(PushOutbox, ItGoesAWhileAfterItsReceiverKnowsTheEnd) {
  auto message = accept(), other = accept();
  set(message, "c");
  set(other, "c");
  end(message, End::answered);
  clock.advance(2h);
  write([&](sql::Tx& tx) { return outbox->prune(tx); });
  EXPECT_EQ(configs(message), 1u) << "its receiver does not know yet";
  EXPECT_EQ(taken(), States{"completed"});
  write([&](sql::Tx& tx) { return outbox->prune(tx); });
  EXPECT_EQ(configs(message), 0u);
  EXPECT_EQ(configs(other), 1u);
  EXPECT_EQ(outbox->watched(), 1u);
}

TEST_P(PushOutbox, AChangeIsDueAtOnceThoughTheWallClockIsAhead) {
  auto message = accept();
  set(message, "c");
  clock.step(1h);
  note(message, "working");
  clock.step(-1h);
  EXPECT_EQ(taken(), States{"working"});
}

TEST_P(PushOutbox, TheNextProcessGoesOn) {
  auto open = accept(), goes_on = accept(), over = accept();
  for (const auto& each : {open, goes_on, over}) set(each, "c");
  end(goes_on, End::answered, AgentTask{"t", "c", "working"});
  end(over, End::answered, AgentTask{"u", "c", "completed"});
  Outbox next(clock, random, *kept);
  auto asked = read([&](sql::Read& r) { return next.load(r); });
  EXPECT_EQ(asked, std::vector<std::int64_t>{goes_on.seq});
  EXPECT_EQ(next.watched(), 3u);
  EXPECT_EQ(due().size(), 2u);
}

TEST_P(PushOutbox, FollowsATaskToItsNewestMessageAndForgetsTheOthers) {
  const auto first = accept();
  set(first, "a");
  note(first, "working");
  for (int i = 0; i < 3; ++i) {
    const auto next = accept();
    write([&](sql::Tx& tx) { outbox->moved(tx, "t", agent, std::nullopt, next.seq); });
    note(next, "working");
    EXPECT_EQ(configs(next), 1u);
  }
  EXPECT_EQ(outbox->watched(), 1u);
}

TEST_P(PushOutbox, OneWorkspaceLeavesRoomForOthersAndTakesItsOwnAlong) {
  const auto greedy = random.id<WorkspaceId>(), other = random.id<WorkspaceId>();
  write([&](sql::Tx& tx) {
    for (std::int64_t n = 0; n < owned_max; ++n) {
      tx.post(store::insert, random.id<Key>(), 1'000 + n, "a", greedy, agent, "v10", std::nullopt,
              "https://receiver.example/", "submitted", clock.now(), std::nullopt);
    }
  });
  auto set_by = [&](WorkspaceId owner) {
    Outbox::New what;
    what.message = accept().seq;
    what.owner = owner;
    what.target = agent;
    what.state = "submitted";
    what.config.url = "https://receiver.example/";
    try {
      write([&](sql::Tx& tx) { return outbox->set(tx, what); });
      return std::string();
    } catch (const Fault& fault) {
      return std::string(fault.code());
    }
  };
  EXPECT_EQ(set_by(greedy), "too_many_push_configs");
  EXPECT_EQ(set_by(other), "");
  write([&](sql::Tx& tx) { outbox->removed(tx, std::vector{greedy}); });
  EXPECT_EQ(set_by(greedy), "");
  EXPECT_EQ(read([&](sql::Read& from) { return from.one(store::owned, other, owned_max); }), 1);
}

EACH_DATABASE(PushOutbox);

}  // namespace
}  // namespace molecule::push_notifications
