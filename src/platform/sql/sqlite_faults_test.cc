// What the SQLite store does when the disk is full, does not sync, or loses the file: a file system
// layer between SQLite and the real one fails on demand.

#include <atomic>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "testing/each_database.h"

namespace molecule::sql {
namespace {

using namespace std::chrono_literals;

struct Faults {
  std::atomic<bool> full = false;        // Every write fails for want of space.
  std::atomic<bool> sync_fails = false;  // Every sync fails.
  std::atomic<bool> sync_waits = false;  // A sync stays until this is false again.
  std::atomic<int> syncs_waiting = 0;
} faults;

struct FaultyFile {
  sqlite3_file base;
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
FaultyFile* faulty(sqlite3_file* file) { return reinterpret_cast<FaultyFile*>(file); }
sqlite3_file* real(sqlite3_file* file) { return faulty(file)->real(); }
const sqlite3_io_methods* methods(sqlite3_file* file) { return real(file)->pMethods; }

int write_or_fail(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (faults.full) return SQLITE_FULL;
  return methods(file)->xWrite(real(file), data, size, offset);
}
int sync_or_fail(sqlite3_file* file, int flags) {
  ++faults.syncs_waiting;
  while (faults.sync_waits) std::this_thread::yield();
  --faults.syncs_waiting;
  if (faults.sync_fails) return SQLITE_IOERR_FSYNC;
  return methods(file)->xSync(real(file), flags);
}

sqlite3_io_methods pass_through() {
  sqlite3_io_methods m{};
  m.iVersion = 2;
  m.xClose = [](sqlite3_file* f) { return methods(f)->xClose(real(f)); };
  m.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) {
    return methods(f)->xRead(real(f), to, n, at);
  };
  m.xWrite = write_or_fail;
  m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) {
    return methods(f)->xTruncate(real(f), size);
  };
  m.xSync = sync_or_fail;
  m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) {
    return methods(f)->xFileSize(real(f), size);
  };
  m.xLock = [](sqlite3_file* f, int level) { return methods(f)->xLock(real(f), level); };
  m.xUnlock = [](sqlite3_file* f, int level) { return methods(f)->xUnlock(real(f), level); };
  m.xCheckReservedLock = [](sqlite3_file* f, int* out) {
    return methods(f)->xCheckReservedLock(real(f), out);
  };
  m.xFileControl = [](sqlite3_file* f, int what, void* arg) {
    return methods(f)->xFileControl(real(f), what, arg);
  };
  m.xSectorSize = [](sqlite3_file* f) { return methods(f)->xSectorSize(real(f)); };
  m.xDeviceCharacteristics = [](sqlite3_file* f) {
    return methods(f)->xDeviceCharacteristics(real(f));
  };
  m.xShmMap = [](sqlite3_file* f, int region, int size, int extend, void volatile** out) {
    return methods(f)->xShmMap(real(f), region, size, extend, out);
  };
  m.xShmLock = [](sqlite3_file* f, int offset, int n, int flags) {
    return methods(f)->xShmLock(real(f), offset, n, flags);
  };
  m.xShmBarrier = [](sqlite3_file* f) { methods(f)->xShmBarrier(real(f)); };
  m.xShmUnmap = [](sqlite3_file* f, int remove) { return methods(f)->xShmUnmap(real(f), remove); };
  return m;
}

int open_faulty(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  static const sqlite3_io_methods wrapped = pass_through();
  auto* below = static_cast<sqlite3_vfs*>(vfs->pAppData);
  file->pMethods = nullptr;
  const int code = below->xOpen(below, name, real(file), flags, out);
  if (real(file)->pMethods) file->pMethods = &wrapped;
  return code;
}

void register_faulty() {
  static std::once_flag done;
  std::call_once(done, [] {
    static sqlite3_vfs vfs = *sqlite3_vfs_find(nullptr);
    vfs.pAppData = sqlite3_vfs_find(nullptr);
    vfs.zName = "faulty";
    vfs.pNext = nullptr;
    vfs.szOsFile += static_cast<int>(sizeof(FaultyFile));
    vfs.xOpen = open_faulty;
    sqlite3_vfs_register(&vfs, 0);
  });
}

constexpr Migration migrations[] = {{1, "facts", "CREATE TABLE facts (n BIGINT PRIMARY KEY)"}};
constexpr Query<void(std::int64_t)> insert{"faults.insert", "INSERT INTO facts (n) VALUES ($1)"};
constexpr Query<std::int64_t()> list{"faults.list", "SELECT n FROM facts ORDER BY n"};

class SqliteFaults : public ::testing::Test {
 protected:
  void SetUp() override {
    register_faulty();
    faults.full = faults.sync_fails = faults.sync_waits = false;
    place = std::make_unique<test::StorePlace>(test::Engine::sqlite);
    file = place->settings.path;
    place->settings.path = "file:" + file + "?vfs=faulty";
    db = open(place->settings, metrics);
    db->migrate(migrations);
  }
  void TearDown() override {
    faults.full = faults.sync_fails = faults.sync_waits = false;
    db.reset();
    place.reset();
  }
  void write(std::int64_t n) {
    io::run(loop, db->write([n](Tx& tx) { tx.run(insert, n); }));
  }
  Kind refusal(std::int64_t n) {
    try {
      write(n);
    } catch (const Fault& fault) {
      return fault.kind();
    }
    return Kind::internal;
  }
  std::vector<std::int64_t> stored() {
    return io::run(loop, db->read([](Read& r) { return r.all(list); }));
  }
  // The writer tries by itself; nobody sends it anything meanwhile.
  bool recovers() {
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (!db->healthy() && std::chrono::steady_clock::now() < give_up)
      std::this_thread::sleep_for(5ms);
    return db->healthy();
  }

  io::Loop loop;
  metrics::Registry metrics;
  std::unique_ptr<test::StorePlace> place;
  std::string file;
  std::unique_ptr<Database> db;
};

TEST_F(SqliteFaults, AWriteIsAcknowledgedOnlyAfterTheSync) {
  std::atomic<bool> acknowledged = false;
  faults.sync_waits = true;
  std::jthread writer([&] {
    io::Loop own;
    io::run(own, db->write([](Tx& tx) { tx.run(insert, 1); }));
    acknowledged = true;
  });
  while (faults.syncs_waiting == 0) std::this_thread::yield();
  EXPECT_FALSE(acknowledged);
  EXPECT_TRUE(stored().empty());
  faults.sync_waits = false;
  writer.join();
  EXPECT_TRUE(acknowledged);
}

TEST_F(SqliteFaults, AFullDiskIsUnavailableAndRecoversByItself) {
  write(1);
  faults.full = true;
  EXPECT_EQ(refusal(2), Kind::unavailable);
  EXPECT_FALSE(db->healthy());
  EXPECT_EQ(stored(), std::vector<std::int64_t>{1});
  EXPECT_EQ(refusal(3), Kind::unavailable);
  faults.full = false;
  EXPECT_TRUE(recovers());
  write(4);
  EXPECT_EQ(stored(), (std::vector<std::int64_t>{1, 4}));
  EXPECT_NE(metrics.text().find("molecule_store_up 1"), std::string::npos);
}

TEST_F(SqliteFaults, AFailingSyncAcknowledgesNothing) {
  write(1);
  faults.sync_fails = true;
  EXPECT_EQ(refusal(2), Kind::unavailable);
  EXPECT_FALSE(db->healthy());
  faults.sync_fails = false;
  EXPECT_TRUE(recovers());
  write(3);
  EXPECT_EQ(stored(), (std::vector<std::int64_t>{1, 3}));
}

TEST_F(SqliteFaults, ActionsOfALostBatchNeverRun) {
  std::atomic<int> ran = 0;
  faults.sync_fails = true;
  auto closure = [&](Tx& tx) {
    tx.run(insert, 1);
    tx.after_commit([&] { ++ran; });
  };
  EXPECT_THROW(io::run(loop, db->write(closure)), Fault);
  faults.sync_fails = false;
  EXPECT_TRUE(recovers());
  EXPECT_EQ(ran, 0);
}

TEST_F(SqliteFaults, AClosureThatSwallowsTheFailureIsNotAcknowledged) {
  faults.full = true;
  auto closure = [](Tx& tx) {
    try {
      for (std::int64_t n = 0; n < 50'000; ++n) tx.run(insert, n);
    } catch (...) {}
  };
  EXPECT_THROW(io::run(loop, db->write(closure)), Fault);
}

TEST_F(SqliteFaults, WhatWasAcknowledgedIsStoredAndNothingElseWhileTheDiskComesAndGoes) {
  std::set<std::int64_t> acknowledged;
  auto worker = [&](std::int64_t first) -> io::Task<void> {
    for (std::int64_t n = first; n < first + 150; ++n) {
      auto closure = [n](Tx& tx) { tx.run(insert, n); };
      try {
        co_await db->write(closure);
        acknowledged.insert(n);
      } catch (const Fault&) {}
    }
  };
  std::atomic<bool> over = false;
  std::jthread weather([&] {
    for (int i = 0; !over; ++i) {
      (i % 2 ? faults.full : faults.sync_fails) = true;
      std::this_thread::sleep_for(1ms);
      faults.full = faults.sync_fails = false;
      std::this_thread::sleep_for(3ms);
    }
  });
  auto all = [&]() -> io::Task<void> {
    io::Scope scope(loop, {});
    for (std::int64_t w = 0; w < 16; ++w) scope.spawn("worker", worker(w * 1000));
    co_await scope.drain(60s);
  };
  io::run(loop, all());
  over = true;
  weather.join();
  EXPECT_TRUE(recovers());
  EXPECT_GT(acknowledged.size(), 0U);
  EXPECT_LT(acknowledged.size(), 16U * 150U);
  EXPECT_EQ(stored(), std::vector<std::int64_t>(acknowledged.begin(), acknowledged.end()));
}

TEST_F(SqliteFaults, AMissingFileIsUnavailableAndIsNotMadeAnew) {
  write(1);
  std::filesystem::rename(file, file + ".away");
  EXPECT_EQ(refusal(2), Kind::unavailable);
  EXPECT_FALSE(db->healthy());
  EXPECT_EQ(refusal(3), Kind::unavailable);
  EXPECT_FALSE(std::filesystem::exists(file));
  std::filesystem::rename(file + ".away", file);
  EXPECT_TRUE(recovers());
  write(4);
  EXPECT_EQ(stored(), (std::vector<std::int64_t>{1, 4}));
}

TEST(SqliteFile, IsForItsOwnerOnly) {
  test::StorePlace place(test::Engine::sqlite);
  metrics::Registry metrics;
  auto db = open(place.settings, metrics);
  db->migrate(migrations);
  io::Loop loop;
  io::run(loop, db->write([](Tx& tx) { tx.run(insert, 1); }));
  for (const auto& entry : std::filesystem::directory_iterator(place.directory)) {
    const auto open_to_others = entry.status().permissions() & (std::filesystem::perms::group_all |
                                                                std::filesystem::perms::others_all);
    EXPECT_EQ(open_to_others, std::filesystem::perms::none) << entry.path();
  }
}

TEST(SqliteFile, ThatCannotBeOpenedSaysWhatToDo) {
  metrics::Registry metrics;
  Settings settings;
  settings.path = "/nonexistent/store.db";
  try {
    open(settings, metrics);
    FAIL() << "it should not open";
  } catch (const Fault& fault) {
    EXPECT_NE(fault.text().find("Check that the directory exists"), std::string::npos)
        << fault.text();
  }
}

TEST(SqliteMemory, ReadsSeeWrites) {
  metrics::Registry metrics;
  Settings settings;
  settings.path = ":memory:";
  auto db = open(settings, metrics);
  db->migrate(migrations);
  io::Loop loop;
  io::run(loop, db->write([](Tx& tx) { tx.run(insert, 1); }));
  EXPECT_EQ(io::run(loop, db->read([](Read& r) { return r.all(list); })),
            std::vector<std::int64_t>{1});
}

}  // namespace
}  // namespace molecule::sql
