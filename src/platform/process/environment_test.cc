#include "platform/process/environment.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

namespace molecule::process {
namespace {

struct TempFolder {
  TempFolder() {
    char name[] = "/tmp/molecule-process-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~TempFolder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

TEST(DirectoryLock, KeepsASecondHolderOut) {
  TempFolder folder;
  {
    DirectoryLock first(folder.path);
    EXPECT_THROW(DirectoryLock second(folder.path), Fault);
  }
  DirectoryLock again(folder.path);
}

TEST(DirectoryLock, SaysWhoHoldsItAndWhatItTold) {
  TempFolder folder;
  EXPECT_FALSE(holder_of(folder.path)) << "nobody ever did";
  {
    DirectoryLock lock(folder.path);
    auto holder = holder_of(folder.path);
    ASSERT_TRUE(holder);
    EXPECT_EQ(holder->pid, std::to_string(::getpid()));
    EXPECT_EQ(holder->told, "");
    lock.tell("http://127.0.0.1:8080");
    EXPECT_EQ(holder_of(folder.path)->told, "http://127.0.0.1:8080");
    lock.tell("short");
    EXPECT_EQ(holder_of(folder.path)->told, "short");
    try {
      DirectoryLock second(folder.path);
      FAIL() << "expected a refusal";
    } catch (const Fault& fault) {
      EXPECT_NE(fault.text().find(", at short"), std::string::npos) << fault.text();
    }
  }
  EXPECT_FALSE(holder_of(folder.path)) << "what is left in the file is not believed";
}

TEST(DirectoryLock, IsTakenWhileSomebodyLooks) {
  TempFolder folder;
  { DirectoryLock made(folder.path); }
  std::atomic<bool> over = false;
  std::thread looking([&] {
    while (!over) holder_of(folder.path);
  });
  for (int i = 0; i < 50; ++i) DirectoryLock lock(folder.path);
  over = true;
  looking.join();
}

}  // namespace
}  // namespace molecule::process
