// What only happens with a server: connections that end, replicas that collide, posted statements
// that fail later, a server that refuses everybody for a while.

#include <atomic>
#include <numeric>
#include <thread>

#include <gtest/gtest.h>

#include "testing/each_database.h"

namespace molecule::sql {
namespace {

using namespace std::chrono_literals;

constexpr Migration migrations[] = {{1, "facts", R"(
    CREATE TABLE facts (n BIGINT PRIMARY KEY, writer TEXT NOT NULL);
    CREATE TABLE accounts (name TEXT PRIMARY KEY, amount BIGINT NOT NULL);)"}};
constexpr Query<void(std::int64_t, std::string)> insert{"faults.pg_insert", R"(
    INSERT INTO facts (n, writer) VALUES ($1, $2))"};
constexpr Query<std::int64_t()> list{"faults.pg_list", "SELECT n FROM facts ORDER BY n"};
constexpr Query<void(std::string, std::int64_t)> set_amount{"faults.pg_set", R"(
    INSERT INTO accounts (name, amount) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET amount = excluded.amount)"};
constexpr Query<void(std::string)> raise_amount{"faults.pg_raise", R"(
    UPDATE accounts SET amount = amount + 1 WHERE name = $1)"};
constexpr Query<std::int64_t(std::string)> amount{"faults.pg_amount",
                                                  "SELECT amount FROM accounts WHERE name = $1"};
constexpr Query<std::int64_t()> own_backend{"faults.pg_own", "SELECT pg_backend_pid()"};
constexpr Query<bool(std::int64_t)> end_backend{"faults.pg_end", R"(
    SELECT pg_terminate_backend(CAST($1 AS INTEGER)))"};
constexpr Query<std::int64_t(std::int64_t)> backends{"faults.pg_backends", R"(
    SELECT COUNT(*) FROM pg_stat_activity WHERE pid = $1)"};

class PostgresFaults : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(migrations);
    second = open(place->settings, second_metrics);
  }
  void TearDown() override {
    second.reset();
    EachDatabase::TearDown();
  }
  void put(Database& to, std::int64_t n) {
    io::run(loop, to.write([n](Tx& tx) { tx.run(insert, n, "one"); }));
  }
  std::vector<std::int64_t> stored() {
    return read([](Read& r) { return r.all(list); });
  }
  // Ends a connection from outside and waits until it is gone.
  void end(std::int64_t backend) {
    io::Loop own;
    io::run(own, second->write([backend](Tx& tx) { return tx.one(end_backend, backend); }));
    while (io::run(own, second->read([backend](Read& r) { return r.one(backends, backend); })) !=
           0) {
      std::this_thread::yield();
    }
  }

  metrics::Registry second_metrics;
  std::unique_ptr<Database> second;
};

TEST_P(PostgresFaults, AnIdleConnectionThatEndedCostsNobodyAFailure) {
  end(write([](Tx& tx) { return tx.one(own_backend); }));
  put(db(), 1);
  EXPECT_TRUE(db().healthy());
  end(read([](Read& r) { return r.one(own_backend); }));
  end(read([](Read& r) { return r.one(own_backend); }));
  EXPECT_EQ(stored(), std::vector<std::int64_t>{1});
}

TEST_P(PostgresFaults, AConnectionThatEndsBeforeTheCommitRunsTheTransactionAgain) {
  int runs = 0;
  write([&](Tx& tx) {
    tx.run(insert, 1, "one");
    if (++runs == 1) end(tx.one(own_backend));
    tx.run(insert, 2, "one");
  });
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(stored(), (std::vector<std::int64_t>{1, 2}));
}

TEST_P(PostgresFaults, APostedStatementThatFailsFailsItsOwnTransactionOnly) {
  put(db(), 7);
  std::atomic<int> violated = 0;
  auto one = [&](std::int64_t n) -> io::Task<void> {
    auto closure = [n](Tx& tx) {
      tx.post(insert, n, "two");
      tx.post(raise_amount, "nobody");
    };
    try {
      co_await db().write(closure);
    } catch (const ConstraintViolation& violation) {
      EXPECT_EQ(violation.rule(), ConstraintViolation::Rule::unique);
      EXPECT_TRUE(violation.about("facts"));
      ++violated;
    }
  };
  auto all = [&]() -> io::Task<void> {
    io::Scope scope(loop, {});
    for (std::int64_t n = 1; n <= 40; ++n) scope.spawn("write", one(n));
    co_await scope.drain(30s);
  };
  run(all());
  EXPECT_EQ(violated, 1);
  std::vector<std::int64_t> expected(40);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(stored(), expected);
}

TEST_P(PostgresFaults, ReplicasShareASequenceWithoutGapsAndInCommitOrder) {
  std::atomic<int> failed = 0;
  const auto writer = [&](Database& to, const std::string& name) {
    io::Loop own;
    auto one = [&](int n) -> io::Task<void> {
      auto closure = [&, n](Tx& tx) {
        tx.post(insert, tx.next("facts"), name);
        if (n % 10 == 0) throw conflict("tenth", "every tenth fails");
      };
      try {
        co_await to.write(closure);
      } catch (const Fault&) {
        ++failed;
      }
    };
    auto all = [&]() -> io::Task<void> {
      io::Scope scope(own, {});
      for (int n = 1; n <= 100; ++n) scope.spawn("write", one(n));
      co_await scope.drain(30s);
    };
    io::run(own, all());
  };
  {
    std::jthread a([&] { writer(db(), "a"); });
    std::jthread b([&] { writer(*second, "b"); });
  }
  EXPECT_EQ(failed, 20);
  std::vector<std::int64_t> expected(180);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(stored(), expected);
}

TEST_P(PostgresFaults, ATransactionThatCollidesIsRunAgain) {
  write([](Tx& tx) {
    tx.run(set_amount, "a", 0);
    tx.run(set_amount, "b", 0);
  });
  std::atomic<int> holding = 0, runs = 0;
  // Each takes the other's row second: the server ends one of them, which then runs again.
  const auto cross = [&](Database& on, const std::string& first, const std::string& then) {
    io::Loop own;
    auto closure = [&, first, then](Tx& tx) {
      ++runs;
      tx.run(raise_amount, first);
      ++holding;
      while (holding < 2) std::this_thread::yield();
      tx.run(raise_amount, then);
    };
    io::run(own, on.write(closure));
  };
  {
    std::jthread a([&] { cross(db(), "a", "b"); });
    std::jthread b([&] { cross(*second, "b", "a"); });
  }
  EXPECT_GE(runs, 3);
  EXPECT_EQ(read([](Read& r) { return std::pair(r.one(amount, "a"), r.one(amount, "b")); }),
            std::pair(std::int64_t{2}, std::int64_t{2}));
}

TEST_P(PostgresFaults, AServerThatRefusesEverybodyIsUnavailableAndComesBackByItself) {
  // A role of its own can be locked out without disturbing other tests.
  const std::string role =
      "molecule_test_" + std::to_string(write([](Tx& tx) { return tx.one(own_backend); }));
  const auto execute = [&](const std::string& text) {
    const Query<void()> statement{"faults.pg_execute", text};
    write([&](Tx& tx) { tx.run(statement); });
  };
  execute("CREATE ROLE " + role + " LOGIN PASSWORD 'guest'");
  execute("GRANT ALL ON SCHEMA " + place->schema() + " TO " + role);
  execute("GRANT ALL ON ALL TABLES IN SCHEMA " + place->schema() + " TO " + role);
  Settings settings = place->settings;
  const auto host = settings.url.find('@');
  settings.url = "postgresql://" + role + ":guest" + settings.url.substr(host);
  metrics::Registry guest_metrics;
  auto guest = open(settings, guest_metrics);
  put(*guest, 1);
  auto backend = io::run(loop, guest->write([](Tx& tx) { return tx.one(own_backend); }));

  execute("ALTER ROLE " + role + " NOLOGIN");
  end(backend);
  EXPECT_THROW(put(*guest, 2), Fault);
  EXPECT_FALSE(guest->healthy());
  execute("ALTER ROLE " + role + " LOGIN");
  const auto give_up = std::chrono::steady_clock::now() + 20s;
  while (!guest->healthy() && std::chrono::steady_clock::now() < give_up)
    std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(guest->healthy());
  put(*guest, 3);
  EXPECT_EQ(stored(), (std::vector<std::int64_t>{1, 3}));
  guest.reset();
  execute("DROP OWNED BY " + role);
  execute("DROP ROLE " + role);
}

// Where no server is there and none is required, nothing is instantiated.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PostgresFaults);
INSTANTIATE_TEST_SUITE_P(Each, PostgresFaults, ::testing::ValuesIn(test::postgresql_only()),
                         test::engine_name);

TEST(Postgres, ThatCannotBeReachedSaysWhatToDoAndKeepsThePassword) {
  metrics::Registry metrics;
  Settings settings;
  settings.url = "postgresql://me:hunter2@127.0.0.1:1/none?connect_timeout=2";
  try {
    open(settings, metrics);
    FAIL() << "it should not open";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Kind::unavailable);
    EXPECT_NE(fault.text().find("DATABASE_URL"), std::string::npos);
    EXPECT_EQ(fault.text().find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace molecule::sql
