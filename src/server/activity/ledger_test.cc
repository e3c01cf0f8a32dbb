#include "server/activity/ledger.h"

#include <gtest/gtest.h>

#include "testing/each_database.h"
#include "testing/migrations.h"

namespace molecule::activity {
namespace {

class ManualClock final : public io::Clock {
 public:
  Instant now() const override { return at; }
  std::chrono::nanoseconds monotonic() const override {
    return std::chrono::microseconds(at.micros());
  }
  Instant steady() const override { return at; }
  Instant at = Instant::from_micros(1'700'000'000'000'000);
};

class LedgerTest : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    workspace = random.id<WorkspaceId>();
  }
  NewRow message(std::string_view key, Mail mail) {
    NewRow row;
    row.workspace = workspace;
    row.activity_type = "a2a_receive";
    row.method = "message/send";
    row.request_body = RawJson(R"({"a":1})");
    row.message_id = std::string(key);
    IdBytes bytes{};
    std::copy(key.begin(), key.end(), bytes.begin());
    row.message_key = bytes;
    row.mail = mail;
    row.status = "pending";
    return row;
  }
  store::Message stored(std::int64_t seq) {
    auto found = read([&](sql::Read& read) { return ledger().find(read, seq); });
    EXPECT_TRUE(found.has_value());
    return *found;
  }
  Ledger& ledger() {
    if (!ledger_) {
      log_ = std::make_unique<events::Log>(db(), clock);
      ledger_ = std::make_unique<Ledger>(*log_, clock);
    }
    return *ledger_;
  }
  events::Log& log() {
    ledger();
    return *log_;
  }

  ManualClock clock;
  io::SystemRandom random;
  WorkspaceId workspace;

 private:
  std::unique_ptr<events::Log> log_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_P(LedgerTest, AMessageIsAcceptedOncePerKey) {
  NewRow row = message("m1", Mail::leased);
  auto first = write([&](sql::Tx& tx) { return ledger().accept(tx, row); });
  auto second = write([&](sql::Tx& tx) { return ledger().accept(tx, row); });
  EXPECT_FALSE(first.earlier.has_value());
  ASSERT_TRUE(second.earlier.has_value());
  EXPECT_EQ(second.place.seq, first.place.seq);
  EXPECT_EQ(second.place.id, first.place.id);
}

TEST_P(LedgerTest, AKeyIsKnownAfterARestart) {
  NewRow row = message("m1", Mail::leased);
  auto first = write([&](sql::Tx& tx) { return ledger().accept(tx, row); });
  events::Log log(db(), clock);
  Ledger restarted(log, clock);
  write([&](sql::Tx& tx) { restarted.load_keys(tx); });
  auto second = write([&](sql::Tx& tx) { return restarted.accept(tx, row); });
  ASSERT_TRUE(second.earlier.has_value());
  EXPECT_EQ(second.place.seq, first.place.seq);
}

TEST_P(LedgerTest, AKeyOfAMessageThatWasUndoneOrPurgedIsFree) {
  NewRow row = message("m1", Mail::leased);
  try {
    write([&](sql::Tx& tx) {
      ledger().accept(tx, row);
      throw bad_request("test", "undone");
    });
  } catch (const Fault&) {
    // What matters is what is left.
  }
  auto first = write([&](sql::Tx& tx) { return ledger().accept(tx, row); });
  EXPECT_FALSE(first.earlier.has_value());
  write([&](sql::Tx& tx) {
    tx.run(store::purge_keys, workspace);
    tx.run(store::purge, workspace);
  });
  auto second = write([&](sql::Tx& tx) { return ledger().accept(tx, row); });
  EXPECT_FALSE(second.earlier.has_value());
}

TEST_P(LedgerTest, TwoProcessesAcceptAMessageOnce) {
  if (db().engine() != "postgresql") return;  // Nobody else writes to an embedded store.
  NewRow row = message("m1", Mail::leased);
  auto first = write([&](sql::Tx& tx) { return ledger().accept(tx, row); });
  events::Log log(db(), clock);
  Ledger other(log, clock);
  EXPECT_THROW(write([&](sql::Tx& tx) { return other.accept(tx, row); }), sql::ConstraintViolation);
  auto taken = write([&](sql::Tx& tx) { return other.taken(tx, *row.message_key); });
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->seq, first.place.seq);
  // Known here too from now on.
  auto again = write([&](sql::Tx& tx) { return other.accept(tx, row); });
  EXPECT_TRUE(again.earlier.has_value());
}

TEST_P(LedgerTest, AResultIsRecordedOnce) {
  NewRow row = message("m1", Mail::leased);
  auto accepted = write([&](sql::Tx& tx) { return ledger().accept(tx, row); });
  auto asked = stored(accepted.place.seq);
  Result result;
  result.response_body = RawJson(R"({"r":1})");
  EXPECT_TRUE(write([&](sql::Tx& tx) { return ledger().settle(tx, asked, result); }));
  result.response_body = RawJson(R"({"r":2})");
  EXPECT_FALSE(write([&](sql::Tx& tx) { return ledger().settle(tx, asked, result); }));
  EXPECT_EQ(stored(accepted.place.seq).response_body, R"({"r":1})");
  EXPECT_EQ(stored(accepted.place.seq).mail, Mail::settled);
}

TEST_P(LedgerTest, AStaleLeaseRecordsNothing) {
  NewRow row = message("m1", Mail::queued);
  auto accepted = write([&](sql::Tx& tx) { return ledger().accept(tx, row); });
  auto first = write([&](sql::Tx& tx) { return ledger().lease(tx, workspace); });
  ASSERT_TRUE(first.has_value());
  write([&](sql::Tx& tx) { return tx.run(store::reclaim); });
  auto second = write([&](sql::Tx& tx) { return ledger().lease(tx, workspace); });
  ASSERT_TRUE(second.has_value());
  EXPECT_GT(second->lease_epoch, first->lease_epoch);
  Result result;
  EXPECT_FALSE(write([&](sql::Tx& tx) { return ledger().settle(tx, *first, result); }));
  EXPECT_TRUE(write([&](sql::Tx& tx) { return ledger().settle(tx, *second, result); }));
  EXPECT_EQ(stored(accepted.place.seq).mail, Mail::settled);
}

TEST_P(LedgerTest, TheMailboxGivesTheOldestMessageThatIsDue) {
  auto a = write([&](sql::Tx& tx) { return ledger().accept(tx, message("a", Mail::queued)); });
  auto b = write([&](sql::Tx& tx) { return ledger().accept(tx, message("b", Mail::queued)); });
  auto first = write([&](sql::Tx& tx) { return ledger().lease(tx, workspace); });
  ASSERT_EQ(first->seq, a.place.seq);
  write([&](sql::Tx& tx) {
    return ledger().requeue(tx, *first, clock.at + std::chrono::seconds(10), "not reachable");
  });
  auto second = write([&](sql::Tx& tx) { return ledger().lease(tx, workspace); });
  ASSERT_EQ(second->seq, b.place.seq);
  EXPECT_FALSE(write([&](sql::Tx& tx) { return ledger().lease(tx, workspace); }).has_value());
  clock.at = clock.at + std::chrono::seconds(11);
  auto third = write([&](sql::Tx& tx) { return ledger().lease(tx, workspace); });
  ASSERT_TRUE(third.has_value());
  EXPECT_EQ(third->seq, a.place.seq);
  EXPECT_EQ(third->attempts, 2);
}

TEST_P(LedgerTest, WhatHappenedIsAnnouncedInOrderAndMovesThePulse) {
  std::uint64_t before = ledger().pulse(workspace);
  NewRow row = message("m1", Mail::leased);
  auto accepted = write([&](sql::Tx& tx) { return ledger().accept(tx, row); });
  write([&](sql::Tx& tx) {
    return ledger().settle(tx, *ledger().find(tx, accepted.place.seq), Result{});
  });
  EXPECT_GT(ledger().pulse(workspace), before);
  auto slice = log().recent_after(0, 10);
  ASSERT_EQ(slice.frames.size(), 2U);
  EXPECT_EQ(slice.frames[0]->seq, 1);
  EXPECT_EQ(slice.frames[1]->seq, 2);
  EXPECT_NE(slice.frames[0]->text.find(R"("status":"pending")"), std::string::npos);
  EXPECT_NE(slice.frames[1]->text.find(R"("status":"ok")"), std::string::npos);
}

TEST_P(LedgerTest, AnIdNamesItsRowAndNoOther) {
  auto accepted =
      write([&](sql::Tx& tx) { return ledger().accept(tx, message("m1", Mail::leased)); });
  EXPECT_EQ(seq_of(accepted.place.id), accepted.place.seq);
  auto other = make_id(clock.at + std::chrono::hours(1), accepted.place.seq);
  EXPECT_FALSE(read([&](sql::Read& read) { return ledger().find(read, other); }).has_value());
  EXPECT_FALSE(
      read([&](sql::Read& read) { return ledger().find(read, ActivityId{}); }).has_value());
}

EACH_DATABASE(LedgerTest);

TEST(Preview, CutsAtACharacter) {
  EXPECT_EQ(preview("abc", 5), "abc");
  EXPECT_EQ(preview("a\xc3\xa9z", 2), "a...");
}

}  // namespace
}  // namespace molecule::activity
