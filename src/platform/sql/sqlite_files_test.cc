// What becomes of a SQLite store whose files are deleted, replaced, overwritten or put together
// from different times, while it runs and between two runs.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "platform/sql/sequences.h"
#include "platform/sql/store_mark.h"
#include "testing/each_database.h"
#include "testing/store_trouble.h"

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
    place->settings.interference = watched;
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
  static std::string content(const std::string& of) {
    std::ifstream in(of, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // For a test of several rounds.
  void fresh_place() {
    db.reset();
    for (const auto& entry : fs::directory_iterator(place->directory)) fs::remove_all(entry);
  }
  // A connection of another program that keeps what it has seen; the caller closes it.
  sqlite3* hold_snapshot() {
    sqlite3* handle = nullptr;
    EXPECT_EQ(sqlite3_open(file.c_str(), &handle), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(handle, "BEGIN; SELECT COUNT(*) FROM facts", nullptr, nullptr, nullptr),
              SQLITE_OK);
    return handle;
  }
  // Whether everything is in the file; a copy of it alone tells.
  bool becomes_moved() {
    const std::string copy = place->directory + "/alone";
    const auto expected = static_cast<std::int64_t>(stored().size());
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (std::chrono::steady_clock::now() < give_up) {
      fs::copy_file(file, copy, whole);
      if (number(copy, "SELECT COUNT(*) FROM facts") == std::to_string(expected)) return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
  static std::string number(const std::string& of, const char* question) {
    sqlite3* handle = nullptr;
    sqlite3_open(of.c_str(), &handle);
    std::string answer;
    sqlite3_exec(
        handle, question,
        [](void* to, int, char** values, char**) {
          *static_cast<std::string*>(to) = values[0];
          return 0;
        },
        &answer, nullptr);
    sqlite3_close(handle);
    return answer;
  }
  // In another process's place: it sees what a program beside the platform sees.
  std::string integrity() { return number(file, "PRAGMA integrity_check"); }
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
  std::shared_ptr<test::StoreTrouble> watched = std::make_shared<test::StoreTrouble>();
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

// What may become of the log's content, its place and name staying what they are.
struct Damage {
  const char* what;
  std::function<void(const std::string& log, const std::string& earlier)> done;
};
void put(const std::string& log, const std::string& bytes, std::streamoff at = 0) {
  std::fstream file(log, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(at);
  file << bytes;
}
const Damage damages[] = {
    {"truncated", [](const std::string& log, auto&) { fs::resize_file(log, 0); }},
    {"cut", [](const std::string& log, auto&) { fs::resize_file(log, fs::file_size(log) / 2); }},
    {"zeroed", [](const std::string& log, auto&) { put(log, std::string(fs::file_size(log), 0)); }},
    {"header zeroed", [](const std::string& log, auto&) { put(log, std::string(32, 0)); }},
    {"cut and written as it was earlier",
     [](const std::string& log, const std::string& earlier) {
       fs::resize_file(log, 0);
       put(log, earlier);
     }},
};

// Where both ends of the log are as they were.
const Damage inner_damages[] = {
    {"zeroed between its ends",
     [](const std::string& log, auto&) {
       const auto size = static_cast<std::streamoff>(fs::file_size(log));
       put(log, std::string(static_cast<std::size_t>(size / 3), 0), size / 3);
     }},
    {"one bit",
     [](const std::string& log, auto&) {
       std::fstream file(log, std::ios::binary | std::ios::in | std::ios::out);
       const auto at = static_cast<std::streamoff>(fs::file_size(log)) / 2;
       file.seekg(at);
       const char changed = static_cast<char>(file.get() ^ 1);
       file.seekp(at);
       file.put(changed);
     }},
};

TEST_F(SqliteFilesTest, ALogThatIsDamagedBetweenItsEndsIsNeverMovedIntoTheFile) {
  for (const Damage& damage : inner_damages) {
    for (const bool stopped : {false, true}) {
      SCOPED_TRACE(damage.what);
      fresh_place();
      start();
      for (std::int64_t n = 1; n < 10; ++n) write(n);
      ASSERT_TRUE(becomes_moved());
      sqlite3* reader = hold_snapshot();
      for (std::int64_t n = 10; n < 40; ++n) write(n);
      damage.done(log, "");
      sqlite3_close(reader);
      if (!stopped) {
        // Between two looks at the whole it may still go in; then nothing does.
        refuses(40);
        const auto give_up = std::chrono::steady_clock::now() + 10s;
        while (db->healthy() && std::chrono::steady_clock::now() < give_up)
          std::this_thread::sleep_for(5ms);
        EXPECT_TRUE(refuses(41));
      }
      db.reset();
      start();
      // What stood before the damage.
      const auto now = stored();
      EXPECT_GE(now.size(), 9U);
      EXPECT_LT(now.size(), 39U);
      EXPECT_EQ(now.back(), static_cast<std::int64_t>(now.size()));
      EXPECT_EQ(integrity(), "ok");
      write(50);
      db.reset();
    }
  }
}

TEST_F(SqliteFilesTest, ALogThatIsDamagedInPlaceIsNoticedBeforeAnythingIsAcknowledged) {
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.what);
    fresh_place();
    start();
    write(1);
    const std::string earlier = content(log);
    // Read transactions keep the log from being moved into the file.
    sqlite3* reader = hold_snapshot();
    for (std::int64_t n = 2; n < 40; ++n) write(n);
    damage.done(log, earlier);
    for (std::int64_t n = 40; n < 43; ++n) EXPECT_TRUE(refuses(n));
    EXPECT_FALSE(db->healthy());
    ASSERT_TRUE(watched->used_again(3));  // Two whole probes, at least.
    EXPECT_FALSE(db->healthy());
    sqlite3_close(reader);
    db.reset();
    start();
    write(50);
    const auto now = stored();
    EXPECT_EQ(now.back(), 50);
    for (std::int64_t n = 40; n < 43; ++n) EXPECT_EQ(std::ranges::count(now, n), 0);
    EXPECT_EQ(integrity(), "ok");
    db.reset();
  }
}

TEST_F(SqliteFilesTest, ALogThatIsDamagedAfterItWasMovedIntoTheFileLosesNothing) {
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.what);
    fresh_place();
    start();
    write(1);
    const std::string earlier = content(log);
    for (std::int64_t n = 2; n < 40; ++n) write(n);
    ASSERT_TRUE(becomes_moved());
    damage.done(log, earlier);
    write(40);
    EXPECT_TRUE(db->healthy());
    lie_as(killed());
    start();
    EXPECT_EQ(stored().size(), 40U);
    EXPECT_EQ(integrity(), "ok");
    db.reset();
  }
}

TEST_F(SqliteFilesTest, ALogThatIsDamagedBeforeTheStopIsNotMovedIntoTheFile) {
  for (const Damage& damage : damages) {
    SCOPED_TRACE(damage.what);
    fresh_place();
    start();
    write(1);
    ASSERT_TRUE(becomes_moved());
    const std::string earlier = content(log);
    sqlite3* reader = hold_snapshot();
    for (std::int64_t n = 2; n < 40; ++n) write(n);
    damage.done(log, earlier);
    sqlite3_close(reader);
    db.reset();
    start();
    EXPECT_FALSE(stored().empty());
    EXPECT_EQ(integrity(), "ok");
    db.reset();
  }
}

TEST_F(SqliteFilesTest, ADamagedDatabaseIsNamedWithTheWayOut) {
  start();
  write(1);
  db.reset();
  for (const std::size_t from : {std::size_t{0}, std::size_t{100}}) {
    put(file, content(file).substr(0, from) + std::string(2000, 'x'));
    try {
      start();
      FAIL() << "it should not start";
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.kind(), Kind::unavailable);
      EXPECT_NE(fault.text().find(file), std::string::npos) << fault.text();
      EXPECT_NE(fault.text().find("backup"), std::string::npos) << fault.text();
    }
    db.reset();
  }
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
