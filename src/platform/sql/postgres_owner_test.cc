// That one platform at a time writes to a PostgreSQL store.

#include <thread>

#include <gtest/gtest.h>

#include "platform/sql/store_facts.h"
#include "platform/sql/store_mark.h"
#include "testing/each_database.h"
#include "testing/store_trouble.h"

namespace molecule::sql {
namespace {

using namespace std::chrono_literals;

constexpr Migration migrations[] = {{1, "facts", "CREATE TABLE facts (n BIGINT PRIMARY KEY)"}};
constexpr Query<void(std::int64_t)> insert{"owner.insert", "INSERT INTO facts (n) VALUES ($1)"};
constexpr Query<std::int64_t()> list{"owner.list", "SELECT n FROM facts ORDER BY n"};
constexpr Query<std::int64_t()> own_backend{"owner.own", "SELECT pg_backend_pid()"};
constexpr Query<bool(std::int64_t)> end_backend{"owner.end", R"(
    SELECT pg_terminate_backend(CAST($1 AS INTEGER), 10000))"};
constexpr Query<std::int64_t()> holders{"owner.holders", R"(
    SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = 1836018789
       AND objid = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()))"};

class PostgresOwnerTest : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();  // An admin verb beside the platform: it holds nothing.
    db().migrate(migrations);
    settings = place->settings;
    settings.sole_writer = true;
    first = open(settings, first_metrics);
  }
  void TearDown() override {
    first.reset();
    EachDatabase::TearDown();
  }
  void put(Database& to, std::int64_t n) {
    io::run(loop, to.write([n](Tx& tx) { tx.run(insert, n); }));
  }
  bool refuses(Database& to, std::int64_t n) {
    try {
      put(to, n);
    } catch (const Fault& fault) {
      return fault.kind() == Kind::unavailable;
    }
    return false;
  }
  std::int64_t backend(Database& of) {
    return io::run(loop, of.write([](Tx& tx) { return tx.one(own_backend); }));
  }
  void end(std::int64_t number) {
    EXPECT_TRUE(write([number](Tx& tx) { return tx.one(end_backend, number); }));
  }
  bool becomes_healthy(Database& store, bool healthy) {
    const auto give_up = std::chrono::steady_clock::now() + 20s;
    while (store.healthy() != healthy && std::chrono::steady_clock::now() < give_up)
      std::this_thread::sleep_for(5ms);
    return store.healthy() == healthy;
  }
  std::int64_t held() {
    return read([](Read& r) { return r.one(holders); });
  }
  // Opens the store for `first` again, so that it notices a loss only when it has to write.
  void notice_by_writing() {
    first.reset();
    Settings slow = settings;
    slow.ping_every = 10min;
    first = open(slow, second_metrics);
  }

  Settings settings;
  metrics::Registry first_metrics, second_metrics;
  std::unique_ptr<Database> first;
};

TEST_P(PostgresOwnerTest, ASecondPlatformIsRefusedAndToldWhoHoldsTheStore) {
  const std::int64_t session = backend(*first);
  try {
    open(settings, second_metrics);
    FAIL() << "it should not open";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Kind::conflict);
    EXPECT_EQ(fault.code(), "store_in_use");
    EXPECT_NE(fault.text().find("molecule pid " + std::to_string(::getpid())), std::string::npos)
        << fault.text();
    EXPECT_NE(fault.text().find("session " + std::to_string(session)), std::string::npos);
    EXPECT_NE(fault.text().find("UTC"), std::string::npos);
  }
  put(*first, 1);
  first.reset();
  first = open(settings, second_metrics);
  put(*first, 2);
}

TEST_P(PostgresOwnerTest, AnAdminVerbWritesBesideThePlatform) {
  put(*first, 1);
  put(db(), 2);
  EXPECT_EQ(held(), 1);
}

TEST_P(PostgresOwnerTest, ALostConnectionTakesTheLockAgain) {
  put(*first, 1);
  end(backend(*first));
  put(*first, 2);
  EXPECT_EQ(held(), 1);
  EXPECT_TRUE(first->healthy());
}

TEST_P(PostgresOwnerTest, NothingIsWrittenWithoutTheLock) {
  notice_by_writing();
  put(*first, 1);
  end(backend(*first));
  metrics::Registry other_metrics;
  std::unique_ptr<Database> other = open(settings, other_metrics);
  EXPECT_TRUE(refuses(*first, 2));
  EXPECT_FALSE(first->healthy());
  put(*other, 3);
  EXPECT_TRUE(refuses(*first, 4));
  other.reset();
  EXPECT_TRUE(becomes_healthy(*first, true));
  put(*first, 5);
  EXPECT_EQ(read([](Read& r) { return r.all(list); }), (std::vector<std::int64_t>{1, 3, 5}));
}

TEST_P(PostgresOwnerTest, ThatAnotherServesNowIsKnownWhileItStillHoldsTheStore) {
  io::SystemRandom random;
  const std::string file = testing::TempDir() + "/mark_" + std::to_string(random.number());
  StoreMark mark(file, random), others(file + "_other", random);
  notice_by_writing();
  first->take_over(mark, "log", io::SystemClock().now());
  put(*first, 1);
  end(backend(*first));
  metrics::Registry other_metrics;
  std::unique_ptr<Database> other = open(settings, other_metrics);
  // It holds the store and does not serve from it yet.
  EXPECT_TRUE(refuses(*first, 2));
  EXPECT_FALSE(first->taken_over());
  other->take_over(others, "log", io::SystemClock().now());
  const auto give_up = std::chrono::steady_clock::now() + 20s;
  while (!first->taken_over() && std::chrono::steady_clock::now() < give_up)
    std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(first->taken_over());
  EXPECT_FALSE(other->taken_over());
  put(*other, 3);
  EXPECT_TRUE(refuses(*first, 4));
}

TEST_P(PostgresOwnerTest, WhoLostTheStoreAtItsStartDoesNotTakeItOver) {
  io::SystemRandom random;
  const std::string file = testing::TempDir() + "/mark_" + std::to_string(random.number());
  StoreMark mark(file, random), others(file + "_other", random);
  end(backend(*first));
  metrics::Registry other_metrics;
  std::unique_ptr<Database> other = open(settings, other_metrics);
  other->take_over(others, "log", io::SystemClock().now());
  put(*other, 1);
  // It was slow to start and goes on where it was.
  try {
    first->take_over(mark, "log", io::SystemClock().now());
    ADD_FAILURE() << "took over what another serves";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), "store_in_use");
  }
  // The one that serves goes on also after a lost connection.
  end(backend(*other));
  EXPECT_TRUE(becomes_healthy(*other, true));
  put(*other, 2);
  EXPECT_FALSE(other->taken_over());
}

TEST_P(PostgresOwnerTest, AStoreThatAnotherHasTakenOverIsNotWrittenAgain) {
  io::SystemRandom random;
  const std::string file = testing::TempDir() + "/mark_" + std::to_string(random.number());
  StoreMark mark(file, random);
  auto watched = std::make_shared<test::StoreTrouble>();
  settings.interference = watched;
  first.reset();
  first = open(settings, second_metrics);
  first->take_over(mark, "log", io::SystemClock().now());
  put(*first, 1);
  const std::int64_t session = backend(*first);
  // As if another platform had come, taken the store over and gone while this one had no
  // connection; this one is idle and finds out by itself.
  write([](Tx& tx) { tx.run(write_fact, "run", "77"); });
  end(session);
  EXPECT_TRUE(becomes_healthy(*first, false));
  EXPECT_TRUE(refuses(*first, 2));
  EXPECT_TRUE(first->taken_over());
  ASSERT_TRUE(watched->used_again(3));  // Two whole probes, at least.
  EXPECT_FALSE(first->healthy());
  EXPECT_EQ(held(), 0);
}

// Where no server is there and none is required, nothing is instantiated.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PostgresOwnerTest);
INSTANTIATE_TEST_SUITE_P(Each, PostgresOwnerTest, ::testing::ValuesIn(test::postgresql_only()),
                         test::engine_name);

}  // namespace
}  // namespace molecule::sql
