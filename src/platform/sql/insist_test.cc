#include "platform/sql/insist.h"

#include <thread>

#include <gtest/gtest.h>

#include "testing/each_database.h"
#include "testing/store_trouble.h"

namespace molecule::sql {
namespace {

using namespace std::chrono_literals;

constexpr Migration migrations[] = {{1, "facts", "CREATE TABLE facts (n BIGINT PRIMARY KEY)"}};
constexpr Query<void(std::int64_t)> insert{
    "insist.insert", "INSERT INTO facts (n) VALUES ($1) ON CONFLICT DO NOTHING"};
constexpr Query<std::int64_t()> list{"insist.list", "SELECT n FROM facts"};

class Insisting : public ::testing::TestWithParam<test::Engine> {
 protected:
  void SetUp() override {
    place = std::make_unique<test::StorePlace>(GetParam());
    place->settings.interference = trouble;
    db = open(place->settings, metrics);
    db->migrate(migrations);
  }
  void TearDown() override {
    db.reset();
    place.reset();
  }
  // Insists while the store is away, which it is until it was looked for a few times more.
  void insist_through_it() {
    trouble->take_away();
    std::jthread mender([this] {
      EXPECT_TRUE(trouble->used_again(3));
      trouble->give_back();
    });
    io::run(loop, insist(*db, [](Tx& tx) { tx.run(insert, 1); }, 5ms));
  }

  io::Loop loop;
  metrics::Registry metrics;
  std::shared_ptr<test::StoreTrouble> trouble = std::make_shared<test::StoreTrouble>();
  std::unique_ptr<test::StorePlace> place;
  std::unique_ptr<Database> db;
};

TEST_P(Insisting, IsWrittenOnceTheStoreIsBack) {
  insist_through_it();
  EXPECT_EQ(io::run(loop, db->read([](Read& read) { return read.all(list); })),
            std::vector<std::int64_t>{1});
}

TEST_P(Insisting, AChangeThatFailsByItselfIsNotTriedAgain) {
  int tries = 0;
  auto fails = [&](Tx&) {
    ++tries;
    throw conflict("taken", "somebody has it");
  };
  EXPECT_THROW(io::run(loop, insist(*db, fails, 1ms)), Fault);
  EXPECT_EQ(tries, 1);
}

EACH_DATABASE(Insisting);

}  // namespace
}  // namespace molecule::sql
