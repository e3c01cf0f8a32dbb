#include "platform/files/beneath.h"

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "platform/files/files.h"

namespace molecule::files {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class BeneathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/molecule-beneath-XXXXXX";
    base = ::mkdtemp(name.data());
    for (const char* each : {"root", "outside", "incoming"}) fs::create_directory(base / each);
    write(base / "outside/secret", "not to be seen");
    beneath.emplace(*Beneath::open(base / "root"));
  }
  void TearDown() override { fs::remove_all(base); }
  static void write(const fs::path& file, std::string_view text) {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
  }
  fs::path in(std::string_view path) const { return base / "root" / path; }
  template <class Fn>
  static std::string code(Fn&& fn) {
    try {
      fn();
    } catch (const Fault& fault) {
      return fault.code();
    }
    return "";
  }
  Beneath::Placed put(std::string_view path, std::string_view text,
                      const Beneath::Guard& guard = {}) {
    FreshFile fresh(base / "incoming/file");
    Beneath::append(fresh, text);
    return beneath->place(fresh, path, guard, 0);
  }
  std::string read_back(std::string_view path) {
    const Beneath::Opened opened = beneath->open_file(path);
    std::string text(opened.size, '\0');
    text.resize(Beneath::read_at(opened.file, 0, text.data(), text.size()));
    return text;
  }
  std::string code_of_reading(std::string_view path) {
    return code([&] { beneath->open_file(path); });
  }
  std::vector<std::string> listed(Beneath::Wanted wanted = {}) {
    std::vector<std::string> all;
    for (Beneath::Entry& each : beneath->list(wanted).entries) all.push_back(std::move(each.path));
    return all;
  }

  fs::path base;
  std::optional<Beneath> beneath;
};

TEST_F(BeneathTest, TakesNoPathThatCouldLeaveIt) {
  const std::string deep = [] {
    std::string path = "a";
    for (int i = 0; i < 64; ++i) path += "/a";
    return path;
  }();
  for (const std::string& path :
       {std::string(), std::string("/etc/passwd"), std::string(".."), std::string("a/../../b"),
        std::string("./a"), std::string("a//b"), std::string("a/"), std::string("a\0b", 3), deep,
        std::string(256, 'n'), std::string("a/.")}) {
    EXPECT_EQ(code_of_reading(path), "invalid_path") << path;
    EXPECT_EQ(code([&] { put(path, "x"); }), "invalid_path") << path;
    EXPECT_EQ(code([&] { beneath->remove(path, {}, true, base / "gone"); }), "invalid_path")
        << path;
  }
  EXPECT_EQ(code([&] { listed({.path = "../outside"}); }), "invalid_path");
  EXPECT_TRUE(fs::is_empty(base / "root"));
}

TEST_F(BeneathTest, FollowsNoLinkWhereverItStands) {
  fs::create_symlink("../outside", in("way"));
  fs::create_symlink("../outside/secret", in("file"));
  fs::create_symlink("inside", in("near"));
  write(in("inside"), "here");
  EXPECT_EQ(code_of_reading("way/secret"), "not_a_directory");
  EXPECT_EQ(code_of_reading("file"), "not_a_file");
  EXPECT_EQ(code_of_reading("near"), "not_a_file");
  EXPECT_EQ(code([&] { put("way/new", "x"); }), "not_a_directory");
  EXPECT_EQ(code([&] { put("file", "x"); }), "not_a_file");
  EXPECT_EQ(code([&] { listed({.path = "way"}); }), "not_a_directory");
  EXPECT_THAT(listed({.depth = 5}), ElementsAre("file", "inside", "near", "way"));
  EXPECT_EQ(read(base / "outside/secret"), "not to be seen");
  EXPECT_EQ(std::distance(fs::directory_iterator(base / "outside"), fs::directory_iterator()), 1);
  beneath->remove("way", {}, true, base / "gone");
  EXPECT_FALSE(fs::exists(fs::symlink_status(in("way"))));
  EXPECT_TRUE(fs::exists(base / "outside/secret"));
}

TEST_F(BeneathTest, OpensNothingThatIsNoPlainFile) {
  ASSERT_EQ(::mkfifo(in("pipe").c_str(), 0600), 0);
  fs::create_directory(in("folder"));
  EXPECT_EQ(code_of_reading("pipe"), "not_a_file");
  EXPECT_EQ(code_of_reading("folder"), "not_a_file");
  EXPECT_EQ(code_of_reading("pipe/x"), "not_a_directory");
  EXPECT_EQ(code([&] { put("pipe", "x"); }), "not_a_file");
  EXPECT_EQ(code([&] { put("folder", "x"); }), "not_a_file");
}

// Somebody swaps a directory for a link to outside all the time: what is read is its own file or
// refused, never the other.
TEST_F(BeneathTest, IsNotFooledByWhatIsSwappedMeanwhile) {
  write(in("real/secret"), "its own");
  fs::create_symlink("../outside", in("link"));
  std::atomic<bool> over = false;
  std::thread swapper([&] {
    while (!over) {
      ::renameat2(AT_FDCWD, in("real").c_str(), AT_FDCWD, in("link").c_str(), RENAME_EXCHANGE);
    }
  });
  int read_own = 0, refused_it = 0;
  for (int i = 0; i < 4000; ++i) {
    try {
      EXPECT_EQ(read_back("real/secret"), "its own");
      ++read_own;
    } catch (const Fault&) {
      ++refused_it;
    }
    try {
      put("real/new", "mine");
    } catch (const Fault&) {
      ++refused_it;
    }
  }
  over = true;
  swapper.join();
  EXPECT_FALSE(fs::exists(base / "outside/new"));
  EXPECT_GT(read_own, 0);
  EXPECT_GT(refused_it, 0);
}

TEST_F(BeneathTest, WritesAFileWholeWithTheDirectoriesOnTheWay) {
  const Beneath::Placed placed = put("a/b/c.txt", "one");
  EXPECT_TRUE(placed.made);
  EXPECT_EQ(read_back("a/b/c.txt"), "one");
  EXPECT_EQ(beneath->open_file("a/b/c.txt").version, placed.version);
  EXPECT_TRUE(fs::is_empty(base / "incoming"));
  fs::permissions(in("a/b/c.txt"), fs::perms::owner_all);
  EXPECT_FALSE(put("a/b/c.txt", "two").made);
  EXPECT_EQ(fs::status(in("a/b/c.txt")).permissions(), fs::perms::owner_all)
      << "a program stays one";
  put("binary", std::string_view("\0\xff\n", 3));
  EXPECT_EQ(read_back("binary"), std::string_view("\0\xff\n", 3));
}

TEST_F(BeneathTest, OverwritesNothingThatWasChangedSince) {
  const std::string first = put("x", "one").version;
  const std::string second = put("x", "two", {.version = first}).version;
  EXPECT_NE(first, second);
  EXPECT_EQ(code([&] { put("x", "three", {.version = first}); }), "file_changed");
  EXPECT_EQ(code([&] { put("x", "three", {.absent = true}); }), "file_exists");
  EXPECT_EQ(code([&] { put("new/y", "three", {.version = first}); }), "file_changed");
  EXPECT_FALSE(fs::exists(in("new"))) << "what is refused changes nothing";
  EXPECT_EQ(code([&] { beneath->remove("x", {.version = first}, false, ""); }), "file_changed");
  EXPECT_EQ(read_back("x"), "two");
  beneath->remove("x", {.version = second}, false, "");
  EXPECT_EQ(code_of_reading("x"), "file_not_found");
  EXPECT_EQ(code([&] { put("x", "four", {.version = second}); }), "file_changed");
  EXPECT_TRUE(put("x", "five", {.absent = true}).made);
}

TEST_F(BeneathTest, RemovesADirectoryOnlyWhenAskedForAllOfIt) {
  write(in("d/e/f"), "x");
  fs::create_directory(in("empty"));
  beneath->remove("empty", {}, false, base / "gone");
  EXPECT_EQ(code([&] { beneath->remove("d", {}, false, base / "gone"); }), "directory_not_empty");
  beneath->remove("d", {}, true, base / "gone");
  EXPECT_TRUE(fs::is_empty(base / "root"));
  EXPECT_TRUE(fs::exists(base / "gone/e/f"));
  EXPECT_EQ(code([&] { beneath->remove("d", {}, true, base / "gone"); }), "file_not_found");
}

TEST_F(BeneathTest, ListsInPagesThatMissNothingAndTellNothingTwice) {
  for (int i = 0; i < 25; ++i) {
    write(in(fmt::format("d{}/file", i % 5)), "");
    write(in(fmt::format("d{}/n{:02}", i % 5, i)), "12345");
  }
  write(in("a-b"), ""), write(in("a/x"), ""), write(in("a.c"), "");
  const std::vector<std::string> all = listed({.depth = 2});
  EXPECT_EQ(all.size(), 5u + 5u + 25u + 4u);
  EXPECT_THAT(listed(), ElementsAre("a", "a-b", "a.c", "d0", "d1", "d2", "d3", "d4"));
  for (std::size_t most = 1; most < 12; ++most) {
    std::vector<std::string> paged;
    Beneath::Wanted wanted{.depth = 2, .most = most};
    for (;;) {
      Beneath::Page page = beneath->list(wanted);
      for (const Beneath::Entry& each : page.entries) paged.push_back(each.path);
      if (!page.more) break;
      ASSERT_EQ(page.entries.size(), most);
      wanted.after = paged.back();
    }
    EXPECT_EQ(paged, all) << most;
  }
  const Beneath::Page below = beneath->list({.path = "d1"});
  ASSERT_EQ(below.entries.size(), 6u);
  EXPECT_EQ(below.entries.back().path, "n21");
  EXPECT_EQ(below.entries.back().size, 5u);
  const auto hidden = [](std::string_view path, std::string_view name) {
    return path.empty() && name.starts_with('d');
  };
  EXPECT_THAT(listed({.depth = 3, .hidden = hidden}), ElementsAre("a", "a/x", "a-b", "a.c"));
}

}  // namespace
}  // namespace molecule::files
