#include "platform/files/files.h"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "platform/files/fresh_file.h"

namespace molecule::files {
namespace {

namespace fs = std::filesystem;

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/molecule-files-XXXXXX";
    folder = ::mkdtemp(name.data());
    file = folder / "key";
  }
  void TearDown() override { fs::remove_all(folder); }
  static mode_t mode(const fs::path& of) {
    struct stat facts{};
    EXPECT_EQ(::stat(of.c_str(), &facts), 0);
    return facts.st_mode & 0777;
  }
  std::ptrdiff_t count() const {
    return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
  }
  template <class Fn>
  static std::string code(Fn&& fn) {
    try {
      fn();
    } catch (const Fault& fault) {
      return fault.code();
    }
    return "";
  }
  std::string read_back() {
    std::string room(100, '\0');
    room.resize(read_private(file, room, codes));
    return room;
  }

  const Codes codes{.unreadable = "test_unreadable", .unsafe = "test_unsafe"};
  fs::path folder, file;
};

TEST_F(Files, APipeThatNobodyWritesToHoldsNobodyUp) {
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(code([&] { read(file); }), "internal");
  EXPECT_EQ(code([&] { read_back(); }), "test_unsafe");
  EXPECT_EQ(code([&] { read(folder); }), "internal");
  EXPECT_EQ(code([&] { read("/dev/zero"); }), "internal");
  EXPECT_EQ(read_to_end("/dev/null"), "");
}

TEST_F(Files, PrivateFilesAreReplacedAndReadableByTheOwnerOnly) {
  const mode_t mask = ::umask(0777);
  write_private(file, "one");
  ::umask(mask);
  EXPECT_EQ(mode(file), 0600U);
  write_private(file, "two");
  EXPECT_EQ(mode(file), 0600U);
  EXPECT_EQ(read(file), "two");
  EXPECT_EQ(read_back(), "two");
  EXPECT_EQ(count(), 1) << "nothing else is left";
}

TEST_F(Files, WhatIsNotPlacedLeavesNothing) {
  write_private(file, "there");
  {
    FreshFile fresh(file, codes);
    fresh.append("half");
    EXPECT_EQ(count(), 2);
  }
  EXPECT_EQ(read(file), "there");
  FreshFile second(file, codes);
  second.append("second");
  EXPECT_FALSE(second.place_unless_there());
  EXPECT_EQ(read(file), "there");
  EXPECT_EQ(count(), 1);
}

TEST_F(Files, OfSeveralThatMakeAFileTheFirstCounts) {
  FreshFile one(file, codes), two(file, codes);
  one.append("one");
  two.append("two");
  EXPECT_TRUE(two.place_unless_there());
  EXPECT_FALSE(one.place_unless_there());
  EXPECT_EQ(read(file), "two");
}

TEST_F(Files, APlacedFileCanBeWrittenFurther) {
  FreshFile fresh(file, codes);
  fresh.append("one");
  fresh.replace();
  const Descriptor kept = fresh.take();
  write_all(kept.get(), " and more", file, codes);
  EXPECT_EQ(read(file), "one and more");
}

TEST_F(Files, AbsentIsNotAFaultAndTooLargeIs) {
  EXPECT_FALSE(read(folder / "none").has_value());
  write_private(file, std::string(100, 'x'));
  EXPECT_EQ(read(file, 100)->size(), 100U);
  EXPECT_THROW(read(file, 10), Fault);
}

TEST_F(Files, WhatOthersMayReadOrIsNoPlainFileIsNotTakenForPrivate) {
  EXPECT_EQ(code([&] { read_back(); }), "test_unreadable");
  write_private(file, "one");
  for (const auto more : {fs::perms::group_read, fs::perms::others_write}) {
    fs::permissions(file, more, fs::perm_options::add);
    EXPECT_EQ(code([&] { read_back(); }), "test_unsafe");
    fs::permissions(file, more, fs::perm_options::remove);
  }
  EXPECT_EQ(read_back(), "one");
  fs::rename(file, folder / "elsewhere");
  fs::create_symlink(folder / "elsewhere", file);
  EXPECT_EQ(code([&] { read_back(); }), "test_unreadable");
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_EQ(code([&] { read_back(); }), "test_unsafe");
}

TEST_F(Files, WhatTheSystemRefusesIsNamed) {
  const fs::path nowhere = folder / "missing" / "key";
  EXPECT_EQ(code([&] { write_private(nowhere, "one", codes); }), "test_unreadable");
  try {
    write_private(nowhere, "one", codes);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_NE(fault.text().find((folder / "missing").string()), std::string::npos) << fault.text();
    EXPECT_NE(fault.text().find("No such file"), std::string::npos) << fault.text();
  }
}

TEST_F(Files, ADirectoryIsMadePrivateOrTightened) {
  const fs::path made = folder / "a" / "b";
  make_private_directory(made);
  EXPECT_EQ(mode(made), 0700U);
  ::chmod(made.c_str(), 0755);
  EXPECT_EQ(code([&] { require_private(open_folder(made, codes), made, codes); }), "test_unsafe");
  make_private_directory(made);
  EXPECT_EQ(mode(made), 0700U);
  require_private(open_folder(made, codes), made, codes);
}

}  // namespace
}  // namespace molecule::files
