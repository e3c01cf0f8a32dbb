// What becomes of a SQLite store whose files are deleted, replaced, overwritten or put together
// from different times, while it runs and between two runs.

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "platform/sql/sequences.h"
#include "platform/sql/store_mark.h"
#include "testing/each_database.h"

namespace molecule::sql {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr Migration migrations[] = {
    {1, "facts", "CREATE TABLE facts (n BIGINT PRIMARY KEY, text TEXT NOT NULL)"}};
constexpr Query<void(std::int64_t, std::string)> insert{
    "files.insert", "INSERT INTO facts (n, text) VALUES ($1, $2)"};
constexpr Query<std::int64_t()> list{"files.list", "SELECT n FROM facts ORDER BY n"};
constexpr auto whole = fs::copy_options::overwrite_existing;

class SqliteFilesTest : public ::testing::Test {
 protected:
  SqliteFilesTest()
      : place(std::make_unique<test::StorePlace>(test::Engine::sqlite)),
        file(place->settings.path),
        log(file + "-wal"),
        index(file + "-shm") {
    place->settings.mark = place->directory + "/store_mark";
  }
  void start() {
    db = open(place->settings, metrics);
    db->migrate(migrations);
    StoreMark mark(place->settings.mark, random);
    db->take_over(mark, "log", io::SystemClock().now());
  }
  void write(std::int64_t n) {
    io::run(loop, db->write([n](Tx& tx) { tx.run(insert, n, std::string(300, 'x')); }));
  }
  bool refuses(std::int64_t n) {
    try {
      write(n);
    } catch (const Fault& fault) {
      return fault.kind() == Kind::unavailable;
    }
    return false;
  }
  std::vector<std::int64_t> stored() {
    return io::run(loop, db->read([](Read& r) { return r.all(list); }));
  }
  bool recovers() {
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (!db->healthy() && std::chrono::steady_clock::now() < give_up)
      std::this_thread::sleep_for(5ms);
    return db->healthy();
  }
  void restart() {
    db.reset();
    start();
  }
  std::string refusal_at_start() {
    try {
      start();
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.code(), "store_log_foreign");
      EXPECT_EQ(fault.kind(), Kind::conflict);
      return fault.text();
    }
    return "";
  }
  // As kill -9 leaves it: the files of a store that is still open.
  fs::path killed() {
    const fs::path aside = place->directory + "/killed";
    fs::create_directory(aside);
    for (const std::string& each : {file, log, index}) {
      fs::copy_file(each, aside / fs::path(each).filename());
    }
    return aside;
  }
  void lie_as(const fs::path& aside) {
    db.reset();
    for (const auto& entry : fs::directory_iterator(aside)) {
      fs::copy_file(entry, place->directory / entry.path().filename(), whole);
    }
  }
  void execute(const std::string& statement) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, statement.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(handle);
  }
  void back_up(const std::string& to) {
    sqlite3 *from_handle = nullptr, *to_handle = nullptr;
    ASSERT_EQ(sqlite3_open(file.c_str(), &from_handle), SQLITE_OK);
    ASSERT_EQ(sqlite3_open(to.c_str(), &to_handle), SQLITE_OK);
    sqlite3_backup* backup = sqlite3_backup_init(to_handle, "main", from_handle, "main");
    ASSERT_NE(backup, nullptr);
    EXPECT_EQ(sqlite3_backup_step(backup, -1), SQLITE_DONE);
    sqlite3_backup_finish(backup);
    sqlite3_close(to_handle);
    sqlite3_close(from_handle);
  }

  io::Loop loop;
  io::SystemRandom random;
  metrics::Registry metrics;
  std::unique_ptr<test::StorePlace> place;
  const std::string file, log, index;
  std::unique_ptr<Database> db;
};

TEST_F(SqliteFilesTest, ADeletedLogIsNoticedAndLosesNothingThatWasPromised) {
  for (const bool index_too : {false, true}) {
    start();
    const std::int64_t first = index_too ? 10 : 1;
    write(first);
    fs::remove(log);
    if (index_too) fs::remove(index);
    EXPECT_TRUE(refuses(first + 1));
    EXPECT_FALSE(db->healthy());
    EXPECT_TRUE(refuses(first + 2));
    EXPECT_FALSE(fs::exists(log));
    restart();
    EXPECT_TRUE(recovers());
    write(first + 3);
    db.reset();
  }
  start();
  EXPECT_EQ(stored(), (std::vector<std::int64_t>{1, 4, 10, 13}));
}

TEST_F(SqliteFilesTest, AReplacedLogIsNoticed) {
  start();
  write(1);
  fs::copy_file(log, log + ".copy");
  fs::rename(log + ".copy", log);
  EXPECT_TRUE(refuses(2));
  EXPECT_FALSE(db->healthy());
}

TEST_F(SqliteFilesTest, ALogThatIsPutBackIsTheStoreAgain) {
  start();
  write(1);
  fs::rename(log, log + ".away");
  EXPECT_TRUE(refuses(2));
  fs::rename(log + ".away", log);
  EXPECT_TRUE(recovers());
  write(3);
  EXPECT_EQ(stored(), (std::vector<std::int64_t>{1, 3}));
}

TEST_F(SqliteFilesTest, ADatabaseReplacedByAnotherIsNotTakenForTheStore) {
  start();
  write(1);
  fs::copy_file(file, file + ".copy");
  fs::rename(file + ".copy", file);
  EXPECT_TRUE(refuses(2));
  EXPECT_TRUE(refuses(3));
  EXPECT_FALSE(db->healthy());
}

TEST_F(SqliteFilesTest, ADatabaseThatWasOverwrittenIsNoticedAndNotMixed) {
  start();
  write(1);
  back_up(place->directory + "/backup");
  write(2);
  {
    // As cp does it: the same file with other contents.
    std::ifstream from(place->directory + "/backup", std::ios::binary);
    std::ofstream(file, std::ios::binary | std::ios::trunc) << from.rdbuf();
  }
  EXPECT_TRUE(refuses(3));
  EXPECT_FALSE(db->healthy());
  db.reset();
  // The log of the running platform still lies there, and does not belong to the backup.
  EXPECT_NE(refusal_at_start(), "");
  fs::remove(log);
  fs::remove(index);
  start();
  EXPECT_EQ(stored(), std::vector<std::int64_t>{1});
  execute("PRAGMA integrity_check");
}

TEST_F(SqliteFilesTest, ABackupBesideAnOldLogIsRefusedAndNamesTheFiles) {
  start();
  write(1);
  back_up(place->directory + "/backup");
  for (std::int64_t n = 2; n < 200; ++n) write(n);
  lie_as(killed());
  fs::copy_file(place->directory + "/backup", file, whole);
  const std::string text = refusal_at_start();
  for (const std::string& named : {file, log, index, place->settings.mark}) {
    EXPECT_NE(text.find(named), std::string::npos) << text;
  }
  EXPECT_TRUE(fs::exists(log));
  fs::rename(log, log + ".away");
  fs::remove(index);
  start();
  EXPECT_EQ(stored(), std::vector<std::int64_t>{1});
}

TEST_F(SqliteFilesTest, ADatabaseBehindALinkIsGuardedAsWell) {
  fs::create_directory(place->directory + "/disk");
  fs::create_symlink(place->directory + "/disk/real.db", file);
  start();
  write(1);
  fs::remove(place->directory + "/disk/real.db-wal");
  EXPECT_TRUE(refuses(2));
  EXPECT_FALSE(db->healthy());
}

TEST_F(SqliteFilesTest, ACompactedCopyBesideAnOldLogIsRefused) {
  start();
  write(1);
  execute("VACUUM INTO '" + place->directory + "/backup'");
  write(2);
  lie_as(killed());
  fs::copy_file(place->directory + "/backup", file, whole);
  EXPECT_NE(refusal_at_start(), "");
}

TEST_F(SqliteFilesTest, ACopyOfAnEarlierStopBesideAnOldLogIsRefused) {
  start();
  write(1);
  db.reset();
  fs::copy_file(file, place->directory + "/backup");
  start();
  write(2);
  lie_as(killed());
  fs::copy_file(place->directory + "/backup", file, whole);
  EXPECT_NE(refusal_at_start(), "");
}

TEST_F(SqliteFilesTest, ItsOwnLogIsTakenUpWhereverTheProcessWasKilled) {
  start();
  write(1);
  lie_as(killed());
  start();
  write(2);
  EXPECT_EQ(stored(), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(SqliteFilesTest, ALogWithoutItsDatabaseIsSetAside) {
  start();
  write(1);
  lie_as(killed());
  fs::remove(file);
  start();
  EXPECT_TRUE(stored().empty());
  EXPECT_GT(fs::file_size(log + ".aside"), 0U);
}

TEST_F(SqliteFilesTest, ADatabaseOfAnotherEncodingHoldsAllText) {
  execute("PRAGMA encoding = 'UTF-16le'; CREATE TABLE first (n INTEGER)");
  start();
  io::run(loop, db->write([](Tx& tx) { tx.run(insert, 1, "näme 🐙 ﷽"); }));
  constexpr Query<std::string()> text{"files.text", "SELECT text FROM facts"};
  EXPECT_EQ(io::run(loop, db->read([&](Read& r) { return r.one(text); })), "näme 🐙 ﷽");
}

}  // namespace
}  // namespace molecule::sql
