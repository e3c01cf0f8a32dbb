// What a platform finds out about its store at the start: the same as it left it, a copy, an older
// state of it, or another store.

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "platform/sql/sequences.h"
#include "platform/sql/store_facts.h"
#include "platform/sql/store_mark.h"
#include "testing/each_database.h"

namespace molecule::sql {
namespace {

namespace fs = std::filesystem;

constexpr Migration migrations[] = {{1, "facts", "CREATE TABLE facts (n BIGINT PRIMARY KEY)"}};
const Instant now = Instant::from_micros(1'800'000'000'000'000);

class Takeover : public ::testing::TestWithParam<test::Engine> {
 protected:
  void SetUp() override {
    place = std::make_unique<test::StorePlace>(GetParam());
    folder = fs::temp_directory_path() / ("molecule_mark_" + std::to_string(random.number()));
    fs::create_directory(folder);
    mark_file = folder / "store_mark";
  }
  void TearDown() override {
    place.reset();
    fs::remove_all(folder);
  }

  // What a run found, numbering `count` facts from there and telling others of all of them.
  struct Found {
    std::int64_t newest = 0;
    std::int64_t floor = 0;
  };
  Found serve(int count, Settings settings) {
    metrics::Registry metrics;
    io::Loop loop;
    settings.mark = mark_file;
    auto db = open(settings, metrics);
    db->migrate(migrations);
    StoreMark mark(mark_file, random);
    db->take_over(mark, "log", now);
    auto value = [&](const std::string& name) {
      auto read = [name](Read& r) { return r.optional(read_sequence, name).value_or(0); };
      return io::run(loop, db->read(read));
    };
    const Found found{value("log"), value("log.floor")};
    for (int i = 0; i < count; ++i) {
      mark.raise(io::run(loop, db->write([](Tx& tx) { return tx.next("log"); })));
    }
    return found;
  }
  Found serve(int count) { return serve(count, place->settings); }
  std::string code(const Settings& settings) {
    try {
      serve(0, settings);
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.kind(), Kind::conflict);
      return fault.code();
    }
    return "";
  }
  void execute(const std::string& text) {
    metrics::Registry metrics;
    io::Loop loop;
    auto db = open(place->settings, metrics);
    const Query<void()> statement{"takeover.execute", text};
    io::run(loop, db->write([&](Tx& tx) { tx.run(statement); }));
  }
  // The store under its name, but laid there by somebody.
  void lay_down_a_copy() {
    if (GetParam() == test::Engine::sqlite) {
      const std::string file = place->settings.path;
      fs::copy_file(file, file + ".copy");
      fs::remove(file);
      fs::rename(file + ".copy", file);
      return;
    }
    execute("CREATE TABLE again (name TEXT PRIMARY KEY, value TEXT NOT NULL)");
    execute("INSERT INTO again SELECT * FROM store_facts");
    execute("DROP TABLE store_facts");
    execute("ALTER TABLE again RENAME TO store_facts");
  }

  io::SystemRandom random;
  std::unique_ptr<test::StorePlace> place;
  fs::path folder;
  std::string mark_file;
};

TEST_P(Takeover, TheSameStoreGoesOnWhereItWas) {
  EXPECT_EQ(serve(5).newest, 0);
  EXPECT_EQ(serve(5).newest, 5);
  const Found found = serve(0);
  EXPECT_EQ(found.newest, 10);
  EXPECT_EQ(found.floor, 0);
}

TEST_P(Takeover, AnOlderStateThanWasToldOfNumbersOnElsewhere) {
  serve(10);
  execute("UPDATE sequences SET value = 4 WHERE name = 'log'");
  const Found found = serve(3);
  EXPECT_EQ(found.newest, now.micros() / 1'000'000 * numbering_leap);
  EXPECT_EQ(found.floor, found.newest);
  // Safe in a number that JavaScript holds exactly.
  EXPECT_LT(found.newest, std::int64_t{1} << 53);
  EXPECT_EQ(serve(0).newest, found.newest + 3);
}

TEST_P(Takeover, ACopyNumbersOnElsewhereEvenWithoutAMark) {
  serve(10);
  lay_down_a_copy();
  fs::remove(mark_file);
  EXPECT_GT(serve(0).floor, 10);
}

TEST_P(Takeover, ACopiedDirectoryNumbersOnElsewhere) {
  serve(10);
  fs::copy_file(mark_file, mark_file + ".copy");
  fs::rename(mark_file + ".copy", mark_file);
  EXPECT_GT(serve(0).floor, 10);
}

TEST_P(Takeover, AClockThatIsWrongDoesNotBringPositionsBack) {
  serve(10);
  execute("UPDATE sequences SET value = 9007199254740000 - 2000000 WHERE name = 'log'");
  serve(1);
  execute("UPDATE sequences SET value = 4 WHERE name = 'log'");
  EXPECT_GT(serve(0).newest, std::int64_t{9'007'199'254'740'000} - 2'000'000);
}

TEST_P(Takeover, AnotherPlatformsStoreIsRefusedUnlessToldOtherwise) {
  serve(10);
  execute(
      "UPDATE store_facts SET value = '11111111-2222-4333-8444-555555555555' WHERE name = 'id'");
  Settings settings = place->settings;
  settings.create = false;
  EXPECT_EQ(code(settings), "store_differs");
  settings.create = true;
  EXPECT_EQ(code(settings), "");
  settings.create = false;
  EXPECT_EQ(code(settings), "");
}

TEST_P(Takeover, AnEmptyStoreIsNotBegunUnlessToldTo) {
  Settings settings = place->settings;
  settings.create = false;
  EXPECT_EQ(code(settings), "store_missing");
  if (GetParam() == test::Engine::sqlite) {
    EXPECT_FALSE(fs::exists(settings.path));
    std::ofstream(settings.path).flush();
    EXPECT_EQ(code(settings), "store_missing");
  }
  settings.create = true;
  EXPECT_EQ(code(settings), "");
  settings.create = false;
  EXPECT_EQ(code(settings), "");
}

TEST_P(Takeover, AMarkThatCannotBeReadSaysWhatToDo) {
  serve(1);
  std::ofstream(mark_file) << "nonsense\n";
  try {
    serve(0);
    FAIL() << "it should not start";
  } catch (const Fault& fault) {
    EXPECT_NE(fault.text().find("Move it away"), std::string::npos) << fault.text();
  }
}

EACH_DATABASE(Takeover);

TEST(StoreMark, IsForItsOwnerAndIsRaisedInPlace) {
  io::SystemRandom random;
  const fs::path file =
      fs::temp_directory_path() / ("molecule_mark_" + std::to_string(random.number()));
  {
    StoreMark mark(file, random);
    EXPECT_FALSE(mark.before().has_value());
    mark.raise(7);  // Nowhere to yet.
    mark.write(mark.fresh_id(), {{1, 2}, {3, 4}}, 41);
    mark.raise(42);
    const auto now_there = StoreMark::read(file);
    ASSERT_TRUE(now_there.has_value());
    EXPECT_EQ(now_there->seen, 42);
    EXPECT_FALSE(now_there->copied);
    EXPECT_EQ(now_there->headers, (std::vector<FileHeader>{{1, 2}, {3, 4}}));
  }
  EXPECT_EQ(fs::status(file).permissions() & fs::perms::mask,
            fs::perms::owner_read | fs::perms::owner_write);
  fs::remove(file);
}

}  // namespace
}  // namespace molecule::sql
