#include "platform/sql/database.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "testing/each_database.h"

namespace molecule::sql {
namespace {

using ThingId = Id<struct ThingTag>;
enum class State { open, closed };
BOOST_DESCRIBE_ENUM(State, open, closed)

struct Thing {
  ThingId id;
  std::string name;
  State state = State::open;
  std::optional<std::string> note;
  std::int64_t count = 0;
  double ratio = 0;
  bool late = false;
  Instant made_at;
  RawJson card;
  Bytes seal;
  friend bool operator==(const Thing&, const Thing&) = default;
};
BOOST_DESCRIBE_STRUCT(Thing, (), (id, name, state, note, count, ratio, late, made_at, card, seal))

constexpr Migration migrations[] = {{1, "things", R"(
      CREATE TABLE things (
        id BYTEA PRIMARY KEY, name TEXT NOT NULL UNIQUE, state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
        note TEXT, count BIGINT NOT NULL, ratio DOUBLE PRECISION NOT NULL, late BIGINT NOT NULL,
        made_at BIGINT NOT NULL, card TEXT NOT NULL, seal BYTEA NOT NULL);
      CREATE TABLE parts (thing BYTEA NOT NULL REFERENCES things (id), number BIGINT NOT NULL);
      CREATE TABLE facts (seq {{rowid}}, text TEXT NOT NULL);)"}};

constexpr Query<void(ThingId, std::string, State, std::optional<std::string>, std::int64_t, double,
                     bool, Instant, RawJson, Bytes)>
    insert{"things.insert", R"(
      INSERT INTO things (id, name, state, note, count, ratio, late, made_at, card, seal)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10))"};
constexpr Query<Thing(ThingId)> find{"things.find", R"(
    SELECT id, name, state, note, count, ratio, late, made_at, card, seal FROM things WHERE id = $1)"};
constexpr Query<std::int64_t()> count_all{"things.count", "SELECT COUNT(*) FROM things"};
constexpr Query<void(std::string, State)> set_state{"things.set_state", R"(
    UPDATE things SET state = $2 WHERE name = $1)"};
// The second parameter comes first and both repeat.
constexpr Query<std::string(std::string, std::int64_t)> swapped{"things.swapped", R"(
    SELECT name FROM things WHERE count = $2 AND name = $1 AND count <= $2 AND name >= $1)"};
constexpr Query<std::string(std::string)> close_by_name{"things.close", R"(
    UPDATE things SET state = 'closed' WHERE name = $1 AND state = 'open' RETURNING name)"};
constexpr Query<void(ThingId, std::int64_t)> insert_part{"parts.insert", R"(
    INSERT INTO parts (thing, number) VALUES ($1, $2))"};
constexpr Query<void(std::int64_t, std::string)> insert_fact{"facts.insert", R"(
    INSERT INTO facts (seq, text) VALUES ($1, $2))"};
constexpr Query<std::int64_t()> list_facts{"facts.list", "SELECT seq FROM facts ORDER BY seq"};
constexpr Query<void()> broken{"things.broken", "UPDATE nothing SET a = 1"};

ThingId id_of(std::uint8_t n) {
  IdBytes bytes{};
  bytes[15] = n;
  return ThingId(bytes);
}

class Store : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(migrations);
  }
  static void put(Tx& tx, std::uint8_t n, const std::string& name) {
    tx.run(insert, id_of(n), name, State::open, std::nullopt, n, 0.5, false,
           Instant::from_micros(n), RawJson("{}"), Bytes{});
  }
  std::int64_t count() {
    return read([](Read& r) { return r.one(count_all); });
  }
  template <class Fn>
  Fault fault(Fn&& fn) {
    try {
      fn();
    } catch (const Fault& thrown) {
      return thrown;
    }
    return {Kind::internal, "nothing_thrown", "nothing was thrown"};
  }
};

TEST_P(Store, RoundTripsEveryType) {
  Thing thing{id_of(1),
              "näme 🐙",
              State::closed,
              "a\nnote",
              -9'007'199'254'740'993,
              -0.1,
              true,
              Instant::from_micros(1'700'000'000'123'456),
              RawJson("{\"a\":[1,2]}"),
              Bytes{0, 1, 255, 39, 92}};
  Thing bare{id_of(2), "",    State::open, std::nullopt,  0,
             0,        false, Instant(),   RawJson("{}"), Bytes{}};
  for (const Thing& t : {thing, bare}) {
    write([t](Tx& tx) {
      tx.run(insert, t.id, t.name, t.state, t.note, t.count, t.ratio, t.late, t.made_at, t.card,
             t.seal);
    });
    auto found = read([id = t.id](Read& r) { return r.optional(find, id); });
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(*found, t);
  }
  auto missing = read([](Read& r) { return r.optional(find, id_of(9)); });
  EXPECT_FALSE(missing.has_value());
}

TEST_P(Store, BindsParametersByNumber) {
  write([](Tx& tx) { put(tx, 7, "seven"); });
  auto found = read([](Read& r) { return r.optional(swapped, "seven", 7); });
  EXPECT_EQ(found, "seven");
}

TEST_P(Store, CountsChangesAndReturnsRows) {
  write([](Tx& tx) { put(tx, 1, "a"); });
  EXPECT_EQ(write([](Tx& tx) { return tx.run(set_state, "a", State::open); }), 1);
  EXPECT_EQ(write([](Tx& tx) { return tx.run(set_state, "b", State::open); }), 0);
  EXPECT_EQ(write([](Tx& tx) { return tx.optional(close_by_name, "a"); }), "a");
  EXPECT_EQ(write([](Tx& tx) { return tx.optional(close_by_name, "a"); }), std::nullopt);
}

TEST_P(Store, SeesItsOwnWritesInsideATransaction) {
  auto seen = write([](Tx& tx) {
    put(tx, 1, "a");
    tx.post(set_state, "a", State::closed);
    return tx.one(find, id_of(1)).state;
  });
  EXPECT_EQ(seen, State::closed);
}

TEST_P(Store, AThrowingClosureUndoesItselfOnly) {
  auto bad = fault([&] {
    write([](Tx& tx) {
      put(tx, 1, "a");
      throw conflict("taken", "taken");
    });
  });
  EXPECT_EQ(bad.code(), "taken");
  EXPECT_EQ(count(), 0);
}

TEST_P(Store, OneThatThrowsLeavesTheOthersOfItsBatchAlone) {
  std::atomic<int> failed = 0;
  auto one = [&](std::uint8_t n) -> io::Task<void> {
    auto closure = [n](Tx& tx) {
      put(tx, n, "thing " + std::to_string(n));
      if (n % 3 == 0) throw conflict("third", "every third fails");
    };
    try {
      co_await db().write(closure);
    } catch (const Fault& thrown) {
      if (thrown.code() == "third") ++failed;
    }
  };
  auto all = [&]() -> io::Task<void> {
    io::Scope scope(loop, {});
    for (std::uint8_t n = 1; n <= 90; ++n) scope.spawn("write", one(n));
    co_await scope.drain(std::chrono::seconds(30));
  };
  run(all());
  EXPECT_EQ(failed, 30);
  EXPECT_EQ(count(), 60);
}

TEST_P(Store, NamesTheBrokenConstraint) {
  using Rule = ConstraintViolation::Rule;
  write([](Tx& tx) { put(tx, 1, "a"); });
  const auto rule = [&](auto closure, std::string_view table) {
    try {
      write(closure);
    } catch (const ConstraintViolation& violation) {
      if (!table.empty()) EXPECT_TRUE(violation.about(table)) << violation.subject();
      return violation.rule();
    }
    return Rule::other;
  };
  EXPECT_EQ(rule([](Tx& tx) { put(tx, 1, "b"); }, "things"), Rule::unique);
  EXPECT_EQ(rule([](Tx& tx) { put(tx, 2, "a"); }, "things"), Rule::unique);
  EXPECT_EQ(rule([](Tx& tx) { tx.run(insert_part, id_of(9), 1); }, ""), Rule::foreign_key);
  constexpr Query<void()> bad_state{"things.bad_state", "UPDATE things SET state = 'odd'"};
  EXPECT_EQ(rule([&](Tx& tx) { tx.run(bad_state); }, ""), Rule::check);
  constexpr Query<void()> no_name{"things.no_name", "UPDATE things SET name = NULL"};
  EXPECT_EQ(rule([&](Tx& tx) { tx.run(no_name); }, "things"), Rule::not_null);
}

TEST_P(Store, AClosureMayTurnAViolationIntoAValueAndWritesNothing) {
  write([](Tx& tx) { put(tx, 1, "a"); });
  auto made = write([](Tx& tx) {
    put(tx, 2, "b");
    try {
      put(tx, 3, "a");
    } catch (const ConstraintViolation&) {
      return std::string("taken");
    }
    return std::string("made");
  });
  EXPECT_EQ(made, "taken");
  EXPECT_EQ(count(), 1);
  auto further = fault([&] {
    write([](Tx& tx) {
      try {
        put(tx, 3, "a");
      } catch (const ConstraintViolation&) {}
      put(tx, 4, "d");
    });
  });
  EXPECT_EQ(further.kind(), Kind::internal);
  EXPECT_EQ(count(), 1);
}

TEST_P(Store, ADefectiveStatementIsInternalAndHarmsNobodyElse) {
  auto bad = fault([&] { write([](Tx& tx) { tx.run(broken); }); });
  EXPECT_EQ(bad.kind(), Kind::internal);
  EXPECT_TRUE(db().healthy());
  write([](Tx& tx) { put(tx, 1, "a"); });
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(fault([&] { db().check_prepares("things.broken", broken.text); }).kind(),
            Kind::internal);
  db().check_prepares(find.name, find.text);
}

TEST_P(Store, AColumnThatDoesNotFitIsADefect) {
  constexpr Query<std::int64_t()> wrong{"things.wrong", "SELECT name FROM things"};
  write([](Tx& tx) { put(tx, 1, "a"); });
  EXPECT_EQ(fault([&] { read([&](Read& r) { return r.one(wrong); }); }).kind(), Kind::internal);
  EXPECT_EQ(fault([&] { read([](Read& r) { return r.one(find, id_of(9)); }); }).kind(),
            Kind::internal);
}

TEST_P(Store, ReadsRefuseToWrite) {
  write([](Tx& tx) { put(tx, 1, "a"); });
  EXPECT_EQ(fault([&] { read([](Read& r) { return r.optional(close_by_name, "a"); }); }).kind(),
            Kind::internal);
  EXPECT_EQ(write([](Tx& tx) { return tx.one(find, id_of(1)).state; }), State::open);
}

TEST_P(Store, AReadIsOneSnapshot) {
  write([](Tx& tx) { put(tx, 1, "a"); });
  std::atomic<bool> first_seen = false, second_written = false;
  std::jthread other([&] {
    while (!first_seen) std::this_thread::yield();
    io::Loop own;
    io::run(own, db().write([](Tx& tx) { put(tx, 2, "b"); }));
    second_written = true;
  });
  auto counts = read([&](Read& r) {
    auto before = r.one(count_all);
    first_seen = true;
    while (!second_written) std::this_thread::yield();
    return std::pair(before, r.one(count_all));
  });
  EXPECT_EQ(counts, std::pair(std::int64_t{1}, std::int64_t{1}));
  other.join();
  EXPECT_EQ(count(), 2);
}

TEST_P(Store, SequencesAreDenseInCommitOrderAndGiveBackWhatIsUndone) {
  std::vector<std::int64_t> announced;
  auto one = [&](int n) -> io::Task<void> {
    auto closure = [n, &announced](Tx& tx) {
      auto seq = tx.next("facts");
      tx.run(insert_fact, seq, "fact");
      tx.after_commit([seq, &announced] { announced.push_back(seq); });
      if (n % 4 == 0) throw conflict("fourth", "every fourth fails");
    };
    try {
      co_await db().write(closure);
    } catch (const Fault&) {}
  };
  auto all = [&]() -> io::Task<void> {
    io::Scope scope(loop, {});
    for (int n = 1; n <= 100; ++n) scope.spawn("write", one(n));
    co_await scope.drain(std::chrono::seconds(30));
  };
  run(all());
  std::vector<std::int64_t> expected;
  for (std::int64_t n = 1; n <= 75; ++n) expected.push_back(n);
  EXPECT_EQ(announced, expected);
  EXPECT_EQ(read([](Read& r) { return r.all(list_facts); }), expected);
  reopen();
  EXPECT_EQ(write([](Tx& tx) { return tx.next("facts"); }), 76);
  EXPECT_EQ(write([](Tx& tx) { return std::pair(tx.next("facts"), tx.next("other")); }),
            std::pair(std::int64_t{77}, std::int64_t{1}));
}

TEST_P(Store, ActionsRunBeforeTheWriterResumesAndOnlyWhenCommitted) {
  std::atomic<int> ran = 0;
  auto body = [&]() -> io::Task<void> {
    auto good = [&](Tx& tx) {
      put(tx, 1, "a");
      tx.after_commit([&] { ++ran; });
    };
    co_await db().write(good);
    EXPECT_EQ(ran, 1);
  };
  run(body());
  fault([&] {
    write([&](Tx& tx) {
      tx.after_commit([&] { ++ran; });
      throw conflict("no", "no");
    });
  });
  EXPECT_EQ(ran, 1);
}

TEST_P(Store, ManyLoopsWriteAndReadAtOnce) {
  constexpr int loops = 3, each = 80;
  std::atomic<int> wrong_thread = 0;
  std::vector<std::jthread> threads;
  for (int l = 0; l < loops; ++l) {
    threads.emplace_back([&, l] {
      io::Loop own;
      auto one = [&](int n) -> io::Task<void> {
        auto here = std::this_thread::get_id();
        auto name = std::to_string(l) + "." + std::to_string(n);
        auto closure = [name, key = static_cast<std::uint8_t>(l * each + n)](Tx& tx) {
          put(tx, key, name);
        };
        co_await db().write(closure);
        if (std::this_thread::get_id() != here) ++wrong_thread;
        auto seen = co_await db().read([](Read& r) { return r.one(count_all); });
        EXPECT_GE(seen, 1);
      };
      auto all = [&]() -> io::Task<void> {
        io::Scope scope(own, {});
        for (int n = 0; n < each; ++n) scope.spawn("write", one(n));
        co_await scope.drain(std::chrono::seconds(30));
      };
      io::run(own, all());
    });
  }
  threads.clear();
  EXPECT_EQ(wrong_thread, 0);
  EXPECT_EQ(count(), loops * each);
}

TEST_P(Store, KeepsWhatWasAcknowledgedAcrossAReopen) {
  write([](Tx& tx) { put(tx, 1, "a"); });
  reopen();
  db().migrate(migrations);
  EXPECT_EQ(count(), 1);
}

TEST_P(Store, RefusesMoreThanTheQueueHolds) {
  auto settings = place->settings;
  settings.queue_max = 4;
  metrics::Registry own;
  auto small = open(settings, own);
  std::atomic<bool> hold = true;
  std::atomic<int> refused = 0, done = 0;
  auto one = [&]() -> io::Task<void> {
    auto closure = [&](Tx& tx) {
      while (hold) std::this_thread::yield();
      return tx.one(count_all);
    };
    try {
      co_await small->write(closure);
      ++done;
    } catch (const Fault& thrown) {
      EXPECT_EQ(thrown.kind(), Kind::unavailable);
      EXPECT_TRUE(thrown.retry_after().has_value());
      ++refused;
    }
    // The writer holds at most a batch that it took before the queue was full.
    if (refused + done > 0) hold = false;
  };
  auto all = [&]() -> io::Task<void> {
    io::Scope scope(loop, {});
    for (int n = 0; n < 20; ++n) scope.spawn("write", one());
    co_await scope.drain(std::chrono::seconds(30));
  };
  run(all());
  EXPECT_GE(refused, 10);
  EXPECT_EQ(refused + done, 20);
}

EACH_DATABASE(Store);

}  // namespace
}  // namespace molecule::sql
