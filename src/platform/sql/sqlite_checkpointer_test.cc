#include "platform/sql/sqlite_checkpointer.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "platform/sql/sqlite_connection.h"
#include "testing/each_database.h"

namespace molecule::sql {
namespace {

class SqliteCheckpoints : public ::testing::Test {
 protected:
  // One page a commit at least.
  std::size_t commit_once() {
    connection.execute("INSERT INTO facts (text) VALUES (randomblob(5000))");
    return connection.log_pages();
  }
  std::uint64_t passes() {
    return metrics.counter("molecule_store_checkpoints_total", help).value();
  }

  static constexpr std::string_view help =
      "Passes that moved SQLite's log into its file beside the writer.";
  test::StorePlace place{test::Engine::sqlite};
  metrics::Registry metrics;
  SqliteConnection connection{place.settings.path, SqliteConnection::Create::yes, 1024};

  void SetUp() override { connection.execute("CREATE TABLE facts (text BLOB)"); }
};

TEST_F(SqliteCheckpoints, RunBesideTheWriterAndLetTheLogStartOver) {
  SqliteCheckpointer checkpointer(place.settings.path, {20, 1000}, metrics);
  std::size_t pages = commit_once();
  EXPECT_FALSE(checkpointer.committed(pages));
  while (pages < 25) pages = commit_once();
  EXPECT_EQ(passes(), 0U);
  EXPECT_FALSE(checkpointer.committed(pages));
  while (passes() == 0) std::this_thread::yield();
  // Everything was moved and nobody reads, so the next commit begins the log anew.
  EXPECT_LT(commit_once(), 25U);
  EXPECT_GE(std::filesystem::file_size(place.settings.path), 8U * 4096);
}

TEST_F(SqliteCheckpoints, AskTheWriterToHelpWhenTheLogIsTooLong) {
  SqliteCheckpointer checkpointer(place.settings.path, {20, 60}, metrics);
  EXPECT_FALSE(checkpointer.committed(59));
  EXPECT_TRUE(checkpointer.committed(60));
}

TEST_F(SqliteCheckpoints, TakeNoLogForDamagedThatGrowsAndStartsOverMeanwhile) {
  SqliteCheckpointer checkpointer(place.settings.path, {5, 1'000'000}, metrics);
  for (int i = 0; i < 500; ++i) ASSERT_FALSE(checkpointer.committed(commit_once())) << i;
  EXPECT_GT(passes(), 1U);
}

TEST_F(SqliteCheckpoints, LeaveADamagedLogToTheWriter) {
  SqliteCheckpointer checkpointer(place.settings.path, {20, 1'000'000}, metrics);
  std::size_t pages = 0;
  while (pages < 30) pages = commit_once();
  const auto before = std::filesystem::file_size(place.settings.path);
  {
    std::fstream log(place.settings.path + "-wal", std::ios::binary | std::ios::in | std::ios::out);
    log.seekp(10 * 4120);
    log << std::string(8'000, '\0');
  }
  EXPECT_FALSE(checkpointer.committed(pages));
  while (passes() == 0) std::this_thread::yield();
  EXPECT_TRUE(checkpointer.committed(pages));
  EXPECT_EQ(std::filesystem::file_size(place.settings.path), before);
}

TEST_F(SqliteCheckpoints, TakeAnEmptyLogForWhatItIs) {
  while (commit_once() < 30) {}
  ASSERT_TRUE(connection.checkpoint_whole());
  ASSERT_EQ(std::filesystem::file_size(place.settings.path + "-wal"), 0U);
  SqliteCheckpointer checkpointer(place.settings.path, {20, 1'000'000}, metrics);
  EXPECT_FALSE(checkpointer.committed(30));
  while (passes() == 0) std::this_thread::yield();
  EXPECT_FALSE(checkpointer.committed(31)) << "nothing is the matter with it";
}

TEST_F(SqliteCheckpoints, AnAlarmIsToldOnceAndPassesGoOn) {
  SqliteCheckpointer checkpointer(place.settings.path, {20, 1'000'000}, metrics);
  while (commit_once() < 30) {}
  std::fstream log(place.settings.path + "-wal", std::ios::binary | std::ios::in | std::ios::out);
  std::string page(8'000, '\0');
  log.seekg(10 * 4120);
  log.read(page.data(), static_cast<std::streamsize>(page.size()));
  log.seekp(10 * 4120);
  log << std::string(8'000, '\0') << std::flush;
  checkpointer.committed(30);
  while (passes() == 0) std::this_thread::yield();
  log.seekp(10 * 4120);
  log << page << std::flush;
  EXPECT_TRUE(checkpointer.committed(31)) << "the writer sees for itself";
  EXPECT_FALSE(checkpointer.committed(60));
  while (passes() == 1) std::this_thread::yield();
  EXPECT_FALSE(checkpointer.committed(61));
}

TEST_F(SqliteCheckpoints, WhatWasSeenWholeIsNotReadAgain) {
  while (commit_once() < 30) {}
  EXPECT_TRUE(connection.log_condition(LogPart::unmoved).whole);
  {
    std::fstream log(place.settings.path + "-wal", std::ios::binary | std::ios::in | std::ios::out);
    log.seekp(10 * 4120);
    log << std::string(8'000, '\0');
  }
  EXPECT_TRUE(connection.log_condition(LogPart::unmoved).whole);
  commit_once();
  EXPECT_TRUE(connection.log_condition(LogPart::unmoved).whole) << "read on from there";
  SqliteConnection other(place.settings.path, SqliteConnection::Create::no, 1024);
  other.leave_log_at_close();
  EXPECT_FALSE(other.log_condition(LogPart::unmoved).whole);
  connection.leave_log_at_close();
}

TEST_F(SqliteCheckpoints, AreNotRepeatedForTheSamePages) {
  SqliteCheckpointer checkpointer(place.settings.path, {20, 1000}, metrics);
  checkpointer.committed(20);
  while (passes() == 0) std::this_thread::yield();
  for (std::size_t pages = 21; pages < 40; ++pages) checkpointer.committed(pages);
  EXPECT_EQ(passes(), 1U);
  checkpointer.committed(40);
  while (passes() == 1) std::this_thread::yield();
}

}  // namespace
}  // namespace molecule::sql
