#include "server/proxy/settle.h"

#include <gtest/gtest.h>

#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::proxy {
namespace {

using activity::Mail;
using activity::store::Message;
using End = Carried::End;

class Settle : public test::EachDatabase {
 protected:
  struct Told final : OnSettled {
    void settled(sql::Tx&, const Message&, bool ok, const std::string& text) override {
      ends.push_back((ok ? "ok: " : "failed: ") + text);
    }
    void waiting(sql::Tx&, const Message&) override { ends.emplace_back("waiting"); }
    std::vector<std::string> ends;
  };

  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    log = std::make_unique<events::Log>(db(), clock);
    ledger = std::make_unique<activity::Ledger>(*log, clock);
    settler = std::make_unique<Settler>(db(), *log, *ledger, told, clock, settings);
    workspace = random.id<WorkspaceId>();
  }
  void TearDown() override {
    settler.reset();
    ledger.reset();
    log.reset();
    EachDatabase::TearDown();
  }
  // A message under way, from a person unless a sender is given.
  Message under_way(std::optional<WorkspaceId> source = {},
                    std::optional<Instant> expires_at = {}) {
    activity::NewRow row;
    row.workspace = workspace;
    row.activity_type = "a2a_receive";
    row.source = source;
    row.method = "message/send";
    row.message_id = random.id<RequestId>().text();
    row.mail = Mail::leased;
    row.status = "pending";
    row.expires_at = expires_at;
    auto accepted = write([&](sql::Tx& tx) { return ledger->accept(tx, row); });
    return stored(accepted.place.seq);
  }
  Message stored(std::int64_t seq) {
    return *read([&](sql::Read& read) { return ledger->find(read, seq); });
  }
  static Carried answered(std::string_view text) {
    Carried carried;
    carried.end = End::answered;
    carried.answer.text = std::string(text);
    carried.answer.body = R"({"result":1})";
    return carried;
  }
  static Carried not_now() {
    Carried carried;
    carried.code = "agent_unreachable";
    carried.error = "nobody listens";
    return carried;
  }
  std::vector<std::string> events_of() {
    std::vector<std::string> types;
    for (const auto& frame : log->recent_after(0, 100).frames) types.push_back(frame->type);
    return types;
  }

  test::ManualClock clock;
  test::CountingRandom random;
  Settings settings;
  Told told;
  WorkspaceId workspace;
  std::unique_ptr<events::Log> log;
  std::unique_ptr<activity::Ledger> ledger;
  std::unique_ptr<Settler> settler;
};

TEST_P(Settle, AnAnswerIsRecordedOnceAndToldToThePerson) {
  Message message = under_way();
  EXPECT_EQ(run(settler->settle(message, answered("done"))), Settled::recorded);
  EXPECT_EQ(run(settler->settle(message, answered("again"))), Settled::stale);
  Message after = stored(message.seq);
  EXPECT_EQ(after.mail, Mail::settled);
  EXPECT_EQ(after.status, "ok");
  EXPECT_EQ(told.ends, std::vector<std::string>{"ok: done"});
  EXPECT_EQ(events_of(),
            (std::vector<std::string>{"ACTIVITY_LOGGED", "ACTIVITY_LOGGED", "A2A_RESPONSE"}));
}

TEST_P(Settle, AnAgentsMessageMakesNoEventForPeople) {
  Message message = under_way(random.id<WorkspaceId>());
  run(settler->settle(message, answered("done")));
  EXPECT_EQ(events_of(), (std::vector<std::string>{"ACTIVITY_LOGGED", "ACTIVITY_LOGGED"}));
}

TEST_P(Settle, ARefusalIsRecordedAsTheResult) {
  Message message = under_way();
  Carried carried;
  carried.end = End::refused;
  carried.code = "agent_error";
  carried.error = "no such skill";
  EXPECT_EQ(run(settler->settle(message, carried)), Settled::recorded);
  Message after = stored(message.seq);
  EXPECT_EQ(after.status, "error");
  EXPECT_EQ(after.error_detail, "no such skill");
  EXPECT_EQ(told.ends, std::vector<std::string>{"failed: no such skill"});
}

TEST_P(Settle, NotNowGoesBackWithGrowingWaitsUntilGivenUp) {
  settings.attempts_max = 3;
  Message message = under_way();
  EXPECT_EQ(run(settler->settle(message, not_now())), Settled::retry);
  for (int attempt = 1; attempt < 3; ++attempt) {
    auto lease = [&](sql::Tx& tx) { return ledger->lease(tx, workspace); };
    EXPECT_FALSE(write(lease).has_value()) << "too early";
    clock.advance(settings.retry_after * (1 << (attempt - 1)));
    auto leased = write(lease);
    ASSERT_TRUE(leased.has_value()) << attempt;
    EXPECT_EQ(run(settler->settle(*leased, not_now())),
              attempt == 2 ? Settled::dead : Settled::retry);
  }
  EXPECT_EQ(stored(message.seq).mail, Mail::dead);
  EXPECT_EQ(told.ends, (std::vector<std::string>{"waiting", "waiting", "failed: nobody listens"}));
}

TEST_P(Settle, AStepOfTheWallClockDelaysNoRetry) {
  using namespace std::chrono_literals;
  auto lease = [&](sql::Tx& tx) { return ledger->lease(tx, workspace); };
  for (auto step : {-24h, 48h}) {
    Message message = under_way();
    EXPECT_EQ(run(settler->settle(message, not_now())), Settled::retry);
    clock.step(step);
    EXPECT_FALSE(write(lease).has_value()) << "nor hastens it";
    clock.advance(settings.retry_after);
    EXPECT_TRUE(write(lease).has_value());
  }
}

TEST_P(Settle, AnExpiredMessageIsGivenUpAtOnce) {
  Message message = under_way({}, clock.now());
  EXPECT_EQ(run(settler->settle(message, not_now())), Settled::dead);
  EXPECT_EQ(told.ends, std::vector<std::string>{
                           "failed: the message expired before the agent could be reached"});
}

TEST_P(Settle, AStaleLeaseChangesNothing) {
  Message message = under_way();
  write([](sql::Tx& tx) { return tx.run(activity::store::reclaim); });
  EXPECT_EQ(run(settler->settle(message, answered("late"))), Settled::stale);
  EXPECT_EQ(run(settler->settle(message, not_now())), Settled::stale);
  EXPECT_EQ(stored(message.seq).mail, Mail::queued);
  EXPECT_TRUE(told.ends.empty());
}

EACH_DATABASE(Settle);

}  // namespace
}  // namespace molecule::proxy
