// Trees as a hostile program leaves them.
#include "platform/sandbox/trees.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/files/made_file.h"
#include "platform/sandbox/own_files.h"

namespace molecule::sandbox {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class Trees : public testing::Test {
 protected:
  Trees() {
    // Thousands of directories are quick to make in memory.
    const fs::path memory = "/dev/shm";
    const fs::path place = fs::is_directory(memory) ? memory : fs::temp_directory_path();
    std::string name = (place / "trees_XXXXXX").string();
    base_ = ::mkdtemp(name.data());
  }
  ~Trees() override {
    EXPECT_TRUE(remove_tree(base_));
    EXPECT_FALSE(fs::exists(base_));
  }
  // Directories in directories, and a file of `size` bytes in the last.
  void dig(const fs::path& top, int levels, std::size_t size) {
    fs::create_directory(top);
    files::Descriptor at(::open(top.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    for (int i = 0; i < levels; ++i) {
      ASSERT_EQ(::mkdirat(at.get(), "d", 0700), 0);
      at = files::Descriptor(::openat(at.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    const files::Descriptor file =
        files::made_file(at.get(), "bottom", O_WRONLY, 0600, files::Made::anew);
    const std::string text(size, 'x');
    ASSERT_EQ(::write(file.get(), text.data(), size), static_cast<ssize_t>(size));
  }
  // In a process of an ordinary user, whom permissions hold. What it says: whether all was well.
  static bool as_ordinary(const std::function<bool()>& what) {
    const pid_t child = ::fork();
    if (child == 0) {
      if (::getuid() == 0 && (::setgid(65534) != 0 || ::setuid(65534) != 0)) ::_exit(1);
      ::_exit(what() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return status == 0;
  }
  fs::path base_;
};

TEST_F(Trees, AreRemovedHoweverDeep) {
  dig(base_ / "deep", 10'000, 10);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{32, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  EXPECT_TRUE(remove_tree(base_ / "deep"));
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_FALSE(fs::exists(base_ / "deep"));
}

TEST_F(Trees, AreRemovedWithBranchesOnEveryLevel) {
  for (const char* branch : {"a", "b", "c"}) {
    fs::path at = base_ / "top" / branch;
    for (int i = 0; i < 200; ++i) {
      fs::create_directories(at / "side" / "end");
      std::ofstream(at / "side" / "file") << "x";
      fs::create_symlink("/usr", at / "link");
      at /= "d";
    }
  }
  EXPECT_TRUE(remove_tree(base_ / "top"));
  EXPECT_TRUE(fs::exists("/usr/bin"));
}

TEST_F(Trees, AreRemovedInAsManyTurnsAsItTakes) {
  dig(base_ / "deep", 5'000, 10);
  int turns = 1;
  while (!remove_tree(base_ / "deep", std::chrono::steady_clock::now() + 2ms) && turns < 100'000)
    ++turns;
  EXPECT_FALSE(fs::exists(base_ / "deep"));
  EXPECT_GT(turns, 1);
}

TEST_F(Trees, AreRemovedThoughClosedToTheirOwner) {
  ASSERT_EQ(::chmod(base_.c_str(), 0777), 0);
  EXPECT_TRUE(as_ordinary([&] {
    const fs::path own = base_ / "own";
    fs::create_directories(own / "a/b/c/d");
    fs::create_directories(own / "read/only/twice");
    for (const char* each : {"a/b/c", "a/b"}) ::chmod((own / each).c_str(), 0);
    for (const char* each : {"read/only", "read"}) ::chmod((own / each).c_str(), 0500);
    ::chmod(own.c_str(), 0100);
    return remove_tree(own) && !fs::exists(own);
  }));
}

TEST_F(Trees, AreCountedWithAllThatIsInThem) {
  std::ofstream(base_ / "one") << std::string(100'000, 'x');
  fs::create_directories(base_ / "a/b");
  std::ofstream(base_ / "a/b/two") << std::string(100'000, 'x');
  fs::create_directories(base_ / "c");
  for (int i = 0; i < 700; ++i) std::ofstream(base_ / "c" / std::to_string(i));
  TreeCount count({base_, base_ / "a", base_ / "none"});
  int turns = 1;
  while (!count.go_on(std::chrono::steady_clock::now())) ++turns;
  EXPECT_GT(turns, 3) << "others get their turn";
  EXPECT_GE(count.usage().bytes, 300'000u);
  EXPECT_LT(count.usage().bytes, 1'000'000u);
  EXPECT_EQ(count.usage().files, 705u + 2u);
  EXPECT_FALSE(count.usage().too_deep);
  EXPECT_EQ(count.usage().closed, 0u);
}

TEST_F(Trees, DeeperThanProgramsGoAreBeyondAnyLimit) {
  dig(base_ / "deep", 900, 500'000);
  TreeCount fits({base_ / "deep"});
  EXPECT_TRUE(fits.go_on(Until::max()));
  EXPECT_FALSE(fits.usage().too_deep);
  EXPECT_GE(fits.usage().bytes, 500'000u);
  dig(base_ / "deeper", 5000, 500'000);
  EXPECT_GT(bytes_below(base_ / "deeper"), 1ull << 50);
}

TEST_F(Trees, AreCountedWhileTheyAreMoved) {
  dig(base_ / "top", 300, 10);
  fs::create_directories(base_ / "top/e");
  std::ofstream(base_ / "top/e/file") << std::string(200'000, 'x');
  TreeCount count({base_ / "top"});
  bool moved = false;
  while (!count.go_on(std::chrono::steady_clock::now())) {
    // Once it stands below of it.
    if (!moved && count.usage().files > 100) {
      fs::rename(base_ / "top/d/d", base_ / "elsewhere");
      moved = true;
    }
  }
  EXPECT_TRUE(moved);
  EXPECT_GE(count.usage().files, 100u);
}

TEST_F(Trees, ThatCannotBeLookedIntoAreTold) {
  ASSERT_EQ(::chmod(base_.c_str(), 0777), 0);
  EXPECT_TRUE(as_ordinary([&] {
    fs::create_directories(base_ / "own/closed");
    ::chmod((base_ / "own/closed").c_str(), 0);
    TreeCount count({base_ / "own"});
    count.go_on(Until::max());
    return count.usage().closed == 1;
  }));
}

TEST_F(Trees, LetNothingStandInTheWayOfAFile) {
  fs::create_directories(base_ / ".config.yaml.new/x/y");
  fs::create_directories(base_ / "config.yaml/x");
  put_own_file(base_, "config.yaml", "a: b\n", 0);
  EXPECT_EQ(read_own_file(base_, "config.yaml", 100), "a: b\n");
  put_own_file(base_, "config.yaml", "a: c\n", 0);
  EXPECT_EQ(read_own_file(base_, "config.yaml", 100), "a: c\n");
}

TEST_F(Trees, OfAnOwnerWhoClosedThemAreOpenedAgain) {
  ASSERT_EQ(::chmod(base_.c_str(), 0777), 0);
  EXPECT_TRUE(as_ordinary([&] {
    fs::create_directory(base_ / "own");
    ::chmod((base_ / "own").c_str(), 0);
    make_own_directory(base_ / "own", 0);
    put_own_file(base_ / "own", "file", "text", 0);
    return read_own_file(base_ / "own", "file", 100) == "text";
  }));
}

}  // namespace
}  // namespace molecule::sandbox
