// Runs a store test on both engines, each test with a store of its own.
//
//   class Approvals : public test::EachDatabase {
//    protected:
//     void SetUp() override {
//       EachDatabase::SetUp();
//       db().migrate(migrations);
//     }
//   };
//   TEST_P(Approvals, TheFirstDecisionWins) { … run(service.decide(…)) … }
//   EACH_DATABASE(Approvals);
//
// SQLite always runs, as a file in a fresh directory. PostgreSQL runs when
// MOLECULE_TEST_DATABASE_URL names a server, in a schema of its own that is dropped afterwards.
// With MOLECULE_REQUIRE_POSTGRES=1 a missing URL fails the tests instead of leaving half of them
// out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "platform/io/scope.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"

namespace molecule::test {

enum class Engine { sqlite, postgresql };
std::vector<Engine> engines();
std::vector<Engine> postgresql_only();  // Empty where engines() leaves it out.
std::string engine_name(const ::testing::TestParamInfo<Engine>& info);

// A place for one store, empty at first and removed at the end. Stores opened from its settings
// must be closed before.
class StorePlace {
 public:
  explicit StorePlace(Engine engine);
  ~StorePlace();
  StorePlace(const StorePlace&) = delete;
  StorePlace& operator=(const StorePlace&) = delete;

  sql::Settings settings;
  std::string directory;  // Of the SQLite file; empty for PostgreSQL.
  const std::string& schema() const { return schema_; }  // Empty for SQLite.

 private:
  std::string schema_;
};

class EachDatabase : public ::testing::TestWithParam<Engine> {
 protected:
  void SetUp() override;
  void TearDown() override;

  sql::Database& db() { return *db_; }
  // Closes the store and opens it again, as a restart does.
  void reopen();

  template <class T>
  T run(io::Task<T> work) {
    return io::run(loop, std::move(work));
  }
  void run(io::Task<void> work) { io::run(loop, std::move(work)); }

  // For what the template above cannot spell: a closure in one write or read transaction.
  template <class Fn>
  auto write(Fn fn) {
    return run(db().write(std::move(fn)));
  }
  template <class Fn>
  auto read(Fn fn) {
    return run(db().read(std::move(fn)));
  }

  io::Loop loop;
  metrics::Registry metrics;
  std::unique_ptr<StorePlace> place;

 private:
  std::unique_ptr<sql::Database> db_;
};

}  // namespace molecule::test

#define EACH_DATABASE(Fixture)                                                              \
  INSTANTIATE_TEST_SUITE_P(Each, Fixture, ::testing::ValuesIn(::molecule::test::engines()), \
                           ::molecule::test::engine_name)
