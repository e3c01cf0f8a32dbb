#include "platform/sql/migrations.h"

#include <gtest/gtest.h>

#include "testing/each_database.h"

namespace molecule::sql {
namespace {

constexpr Migration first{1, "facts", "CREATE TABLE facts (seq {{rowid}}, text TEXT NOT NULL);"};
constexpr Migration second{2, "kinds", R"(
    ALTER TABLE facts ADD COLUMN kind TEXT NOT NULL DEFAULT 'plain';
    CREATE INDEX facts_by_kind ON facts (kind, seq);)"};
constexpr Migration second_broken{2, "kinds", R"(
    CREATE TABLE more (a BIGINT NOT NULL);
    ALTER TABLE nowhere ADD COLUMN kind TEXT;)"};

constexpr Query<std::string()> history{"migrations_test.history",
                                       "SELECT name FROM schema_migrations ORDER BY version"};
constexpr Query<void(std::int64_t)> insert{"migrations_test.insert",
                                           "INSERT INTO facts (seq, text) VALUES ($1, 'x')"};
constexpr Query<std::string()> kinds{"migrations_test.kinds", "SELECT kind FROM facts"};

constexpr Migration third{3, "marks", R"(
    CREATE TABLE marks (mark BIGINT NOT NULL);
{{shared}} CREATE UNIQUE INDEX marks_once ON marks (mark);)"};
constexpr Query<void()> twice{"migrations_test.twice", "INSERT INTO marks (mark) VALUES (1), (1)"};

class Migrations : public test::EachDatabase {
 protected:
  std::vector<std::string> names() {
    return read([](Read& r) { return r.all(history); });
  }
  std::string code(std::vector<Migration> migrations) {
    try {
      db().migrate(migrations);
    } catch (const Fault& fault) {
      return fault.code();
    }
    return "";
  }
};

TEST_P(Migrations, BringAnEmptyStoreUp) {
  db().migrate(std::vector{first, second});
  EXPECT_EQ(names(), (std::vector<std::string>{"facts", "kinds"}));
}

TEST_P(Migrations, BringAnEarlierVersionUpAndKeepItsRows) {
  db().migrate(std::vector{first});
  write([](Tx& tx) { tx.run(insert, 5); });
  reopen();
  db().migrate(std::vector{first, second});
  db().migrate(std::vector{first, second});
  EXPECT_EQ(read([](Read& r) { return r.all(kinds); }), std::vector<std::string>{"plain"});
}

TEST_P(Migrations, ALineForSharedStoresRunsOnThoseAlone) {
  db().migrate(std::vector{first, second, third});
  bool refused = false;
  try {
    write([](Tx& tx) { tx.run(twice); });
  } catch (const ConstraintViolation&) {
    refused = true;
  }
  EXPECT_EQ(refused, db().engine() == "postgresql");
}

TEST_P(Migrations, LeaveTheVersionBeforeWhenOneFails) {
  try {
    db().migrate(std::vector{first, second_broken});
    FAIL() << "the migration should fail";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), "migration_failed");
    EXPECT_NE(fault.text().find("nowhere"), std::string::npos) << fault.text();
  }
  EXPECT_EQ(names(), std::vector<std::string>{"facts"});
  EXPECT_THROW(db().check_prepares("migrations_test.more", "SELECT a FROM more"), Fault);
  db().migrate(std::vector{first, second});
}

TEST_P(Migrations, RefuseAStoreThatIsNewerThanTheProgram) {
  db().migrate(std::vector{first, second});
  EXPECT_EQ(code({first}), "schema_newer");
}

TEST_P(Migrations, RefuseAHistoryThatDiffers) {
  db().migrate(std::vector{first});
  EXPECT_EQ(code({Migration{1, "facts", "CREATE TABLE facts (seq {{rowid}});"}}), "schema_differs");
  EXPECT_EQ(code({Migration{1, "acts", first.text}}), "schema_differs");
}

TEST_P(Migrations, RefuseAGapInTheProgramsOwnList) {
  EXPECT_EQ(code({first, Migration{3, "kinds", second.text}}), "internal");
}

EACH_DATABASE(Migrations);

TEST(Checksum, NoticesEveryEdit) {
  EXPECT_EQ(checksum("").size(), 16U);
  EXPECT_NE(checksum("a b"), checksum("b a"));
  EXPECT_NE(checksum("a"), checksum("a "));
}

}  // namespace
}  // namespace molecule::sql
