#include "platform/blobs/directory_store.h"

#include <csignal>
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fault.h"

namespace molecule::blobs {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DirectoryStoreTest : public ::testing::Test {
 protected:
  DirectoryStoreTest() {
    std::string made = (fs::temp_directory_path() / "blobs.XXXXXX").string();
    directory = ::mkdtemp(made.data());
  }
  ~DirectoryStoreTest() override { fs::remove_all(directory); }

  Name keep(std::string_view text) {
    auto arriving = store().receive();
    arriving->append(text.substr(0, text.size() / 2));
    arriving->append(text.substr(text.size() / 2));
    const Name name = arriving->seal();
    store().keep(*arriving);
    return name;
  }
  Store& store() {
    if (!store_) store_ = std::make_unique<DirectoryStore>(directory / "attachments");
    return *store_;
  }
  std::string text(const Name& name) {
    auto open = store().open(name);
    if (!open) return "none";
    char room[100];
    const ssize_t n = ::read(open->get(), room, sizeof room);
    return {room, static_cast<std::size_t>(n)};
  }
  std::vector<std::string> incoming() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory / "attachments" / "incoming"))
      names.push_back(entry.path().string());
    return names;
  }

  fs::path directory;
  std::unique_ptr<DirectoryStore> store_;
};

TEST_F(DirectoryStoreTest, KeepsTheSameBytesOnceUnderTheirDigest) {
  const Name name = keep("hello");
  EXPECT_EQ(name, crypto::sha256("hello"));
  EXPECT_EQ(keep("hello"), name);
  EXPECT_EQ(text(name), "hello");
  EXPECT_THAT(store().list(name[0]), ElementsAre(name));
  EXPECT_THAT(incoming(), IsEmpty());
  store().remove(name);
  EXPECT_EQ(text(name), "none");
  EXPECT_THAT(store().list(name[0]), IsEmpty());
  store().remove(name);
}

TEST_F(DirectoryStoreTest, WhatWasNotKeptLeavesNothing) {
  {
    auto half = store().receive();
    half->append("half");
    EXPECT_EQ(incoming().size(), 1u);
  }
  EXPECT_THAT(incoming(), IsEmpty());
}

TEST_F(DirectoryStoreTest, WhatACrashLeftIsClearedAtTheNextStart) {
  keep("kept");
  std::ofstream(directory / "attachments" / "incoming" / "AbCdEf") << "half";
  store_.reset();
  store().clear();
  EXPECT_THAT(incoming(), IsEmpty());
  EXPECT_EQ(text(crypto::sha256("kept")), "kept");
}

TEST_F(DirectoryStoreTest, IsForThisUserOnly) {
  const Name name = keep("private");
  auto mode = [](const fs::path& path) { return fs::status(path).permissions() & fs::perms::mask; };
  EXPECT_EQ(mode(directory / "attachments"), fs::perms::owner_all);
  EXPECT_EQ(mode(store_->path_of(name).parent_path()), fs::perms::owner_all);
  EXPECT_EQ(mode(store_->path_of(name)), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(DirectoryStoreTest, AFullDiskIsSaidAndLeavesNothing) {
  store();
  struct rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const struct rlimit small{10, before.rlim_max};
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &small);
  try {
    auto arriving = store().receive();
    arriving->append("more than ten bytes");
    ADD_FAILURE() << "it was written";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), "disk_full");
    EXPECT_EQ(fault.kind(), Kind::unavailable);
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, handler);
  EXPECT_THAT(incoming(), IsEmpty());
}

}  // namespace
}  // namespace molecule::blobs
