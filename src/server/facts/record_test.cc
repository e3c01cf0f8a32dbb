#include "server/facts/record.h"

#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "server/facts/record_store.h"
#include "testing/each_database.h"
#include "testing/migrations.h"
#include "testing/store_trouble.h"

namespace molecule::facts {
namespace {

// Only the record changes it: what would is private to it.
template <class T>
concept Changeable = requires(T& one, const Fact& fact, sql::Statements& statements) {
  one.apply(fact);
} || requires(T& one, sql::Statements& statements) { one.load(statements); };
static_assert(!Changeable<Projection>);

// Internal facts are told by no name that followers know, and by no type that they take.
static_assert(!std::is_convertible_v<Internal, events::Type>);

// What it was fed, in order. It holds nothing else, so it begins empty.
class Heard final : public Projection {
 public:
  std::vector<std::string> heard;
  std::vector<std::int64_t> positions;

 private:
  std::span<const Kind> applies() const override {
    static constexpr std::array<Kind, 2> kinds{Internal::SESSIONS_ENDED, Internal::SESSION_BEGUN};
    return kinds;
  }
  Place load(sql::Statements&) override {
    return [this] { heard.clear(); };
  }
  void apply(const Fact& fact) override {
    positions.push_back(fact.seq);
    if (fact.kind == Kind(Internal::SESSION_BEGUN)) {
      heard.push_back("begun " + fact.read<SessionBegun>().digest);
    } else {
      heard.push_back("ended " + fact.read<SessionsEnded>().digests.at(0));
    }
  }
};

class Records : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    trouble = std::make_shared<test::StoreTrouble>();
    place->settings.interference = trouble;
    start();
  }
  void start() {
    record.reset();
    reopen();
    record = std::make_unique<Record>(db(), clock);
    heard = std::make_unique<Heard>();
    record->join(*heard);
    run(record->load());
  }
  void begin(std::string digest) {
    write([&](sql::Tx& tx) {
      return record->note<Internal::SESSION_BEGUN>(tx, {}, {SessionId{}, digest, 0});
    });
  }
  void end(std::string digest) {
    write([&](sql::Tx& tx) { return record->note<Internal::SESSIONS_ENDED>(tx, {}, {{digest}}); });
  }
  void wait_until_back() {
    trouble->give_back();
    const auto give_up = clock.monotonic() + std::chrono::seconds(20);
    while (!db().healthy() && clock.monotonic() < give_up) std::this_thread::yield();
    ASSERT_TRUE(db().healthy());
  }
  using Words = std::vector<std::string>;

  io::SystemClock clock;
  std::shared_ptr<test::StoreTrouble> trouble;
  std::unique_ptr<Record> record;
  std::unique_ptr<Heard> heard;
};

TEST_P(Records, FactsAreFedInTheOrderOfTheLogBeforeTheirWriterResumes) {
  begin("a");
  EXPECT_EQ(heard->heard, Words{"begun a"});
  write([&](sql::Tx& tx) {
    record->note<Internal::SESSION_BEGUN>(tx, {}, {SessionId{}, "b", 0});
    record->note<Internal::SESSIONS_ENDED>(tx, {}, {{"a"}});
    EXPECT_EQ(heard->heard.size(), 1U) << "nothing before it is durable";
    return 0;
  });
  EXPECT_EQ(heard->heard, (Words{"begun a", "begun b", "ended a"}));
  EXPECT_EQ(heard->positions, (std::vector<std::int64_t>{1, 2, 3}));
}

using RecordsDeathTest = Records;

TEST_P(RecordsDeathTest, AFactThatCannotBeAppliedEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto nobody = [&](sql::Tx& tx) {
    return record->note<Internal::SESSIONS_ENDED>(tx, {}, SessionsEnded{});
  };
  EXPECT_DEATH(write(nobody), "cannot be applied");
}

TEST_P(Records, WhatIsUndoneIsNotFed) {
  EXPECT_THROW(write([&](sql::Tx& tx) -> int {
                 record->note<Internal::SESSION_BEGUN>(tx, {}, {SessionId{}, "never", 0});
                 throw bad_request("no");
               }),
               Fault);
  begin("a");
  EXPECT_EQ(heard->heard, Words{"begun a"});
  EXPECT_EQ(heard->positions, std::vector<std::int64_t>{1}) << "and its number is given out again";
}

TEST_P(Records, AFactIsFedOnceHoweverOftenTheLogIsFollowed) {
  begin("a");
  run(record->follow());
  run(record->follow());
  begin("b");
  run(record->follow());
  EXPECT_EQ(heard->heard, (Words{"begun a", "begun b"}));
}

TEST_P(Records, WhatIsLoadedIsNotFedAgain) {
  begin("a");
  start();
  begin("b");
  run(record->follow());
  EXPECT_EQ(heard->heard, Words{"begun b"});
}

TEST_P(Records, AnotherThatFollowsTheLogAloneHearsTheSame) {
  begin("a");
  Record other(db(), clock);
  Heard theirs;
  other.join(theirs);
  run(other.load());
  write([&](sql::Tx& tx) {
    for (int i = 0; i < 3000; ++i) {
      const std::string digest = std::to_string(i);
      if (i % 2 == 0) {
        record->note<Internal::SESSION_BEGUN>(tx, {}, {SessionId{}, digest, 0});
      } else {
        record->note<Internal::SESSIONS_ENDED>(tx, {}, {{digest}});
      }
    }
    return 0;
  });
  run(other.follow());
  EXPECT_EQ(theirs.heard, Words(heard->heard.begin() + 1, heard->heard.end()));
}

TEST_P(Records, WhatAnUnknownCommitKeptIsFedBeforeWhatFollows) {
  begin("a");
  trouble->at_commit_done(1);
  EXPECT_THROW(end("a"), sql::CommitUnknown);
  wait_until_back();
  EXPECT_EQ(heard->heard, Words{"begun a"}) << "nobody knows yet";
  begin("b");
  EXPECT_EQ(heard->heard, (Words{"begun a", "ended a", "begun b"}));
  run(record->follow());
  EXPECT_EQ(heard->heard.size(), 3U);
}

TEST_P(Records, WhatAnUnknownCommitKeptIsFoundByFollowing) {
  begin("a");
  trouble->at_commit_done(1);
  EXPECT_THROW(end("a"), sql::CommitUnknown);
  wait_until_back();
  run(record->follow());
  EXPECT_EQ(heard->heard, (Words{"begun a", "ended a"}));
  begin("b");
  EXPECT_EQ(heard->heard, (Words{"begun a", "ended a", "begun b"}));
}

TEST_P(Records, WhatAnUnknownCommitLostIsNotFed) {
  begin("a");
  trouble->at_commit_undone(1);
  EXPECT_THROW(end("a"), sql::CommitUnknown);
  wait_until_back();
  run(record->follow());
  EXPECT_EQ(heard->heard, Words{"begun a"});
  begin("b");
  EXPECT_EQ(heard->positions, (std::vector<std::int64_t>{1, 2}));
}

TEST_P(Records, KindsOfAnotherProgramArePassedOver) {
  write([&](sql::Tx& tx) {
    tx.run(store::append_internal, tx.next(Record::numbering), clock.now(), "OF_ANOTHER_TIME",
           std::nullopt, RawJson("{}"));
    return 0;
  });
  begin("a");
  EXPECT_EQ(heard->heard, Words{"begun a"});
  EXPECT_EQ(heard->positions, std::vector<std::int64_t>{2});
}

TEST_P(Records, NoInternalFactHasTheNameOfOneThatIsTold) {
  for_each_enumerator<Internal>(
      [](std::string_view name) { EXPECT_FALSE(enum_from<events::Type>(name)) << name; });
}

TEST_P(Records, EveryStatementPrepares) {
  auto check = [&](const auto& query) { db().check_prepares(query.name, query.text); };
  check(store::append), check(store::append_internal), check(store::newest), check(store::heads);
  check(store::find), check(store::prune);
}

EACH_DATABASE(Records);
EACH_DATABASE(RecordsDeathTest);

}  // namespace
}  // namespace molecule::facts
