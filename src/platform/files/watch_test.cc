#include "platform/files/watch.h"

#include <fstream>

#include <gtest/gtest.h>
#include <poll.h>

namespace molecule::files {
namespace {

namespace fs = std::filesystem;

class WatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/molecule-watch-XXXXXX";
    folder = ::mkdtemp(name);
    fs::create_directories(folder / "skills" / "one");
  }
  void TearDown() override { fs::remove_all(folder); }
  static bool tells(const Descriptor& copy) {
    pollfd at{copy.get(), POLLIN, 0};
    return ::poll(&at, 1, 5'000) == 1;
  }
  void write(const fs::path& name) const { std::ofstream(folder / name) << "text"; }
  fs::path folder;
};

TEST_F(WatchTest, TellsOfWhatChangesAtAnyDepth) {
  Watch watch(folder);
  const Descriptor copy(watch.copy());
  EXPECT_FALSE(watch.changed());
  write("skills/one/SKILL.md");
  EXPECT_TRUE(tells(copy));
  EXPECT_TRUE(watch.changed());
  EXPECT_FALSE(watch.changed());
  fs::remove(folder / "skills" / "one" / "SKILL.md");
  EXPECT_TRUE(watch.changed());
}

TEST_F(WatchTest, LooksIntoDirectoriesThatCome) {
  Watch watch(folder);
  fs::create_directories(folder / "skills" / "two");
  EXPECT_TRUE(watch.changed());
  write("skills/two/SKILL.md");
  EXPECT_TRUE(watch.changed());
  fs::rename(folder / "skills" / "two", folder / "skills" / "three");
  EXPECT_TRUE(watch.changed());
  write("skills/three/SKILL.md");
  EXPECT_TRUE(watch.changed());
}

TEST_F(WatchTest, LooksAwayFromWhatBeginsWithADot) {
  fs::create_directories(folder / ".state");
  Watch watch(folder);
  write(".sessions.json");
  write(".state/token");
  fs::create_directories(folder / ".more");
  write(".more/file");
  EXPECT_FALSE(watch.changed());
}

}  // namespace
}  // namespace molecule::files
