#include "server/auth/admin_token.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "platform/crypto/token.h"

namespace molecule::auth {
namespace {

namespace fs = std::filesystem;

class AdminTokenFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder =
        fs::temp_directory_path() / ("molecule_admin_token_" + random.id<WorkspaceId>().text());
    fs::create_directory(folder);
    file = folder / "admin_token";
  }
  void TearDown() override { fs::remove_all(folder); }
  std::string load(std::string_view configured = "") {
    return std::string(load_or_create_admin_token(configured, file, random).reveal());
  }
  std::string code(std::string_view configured = "") {
    try {
      load(configured);
    } catch (const Fault& fault) {
      return fault.code();
    }
    return "";
  }

  io::SystemRandom random;
  fs::path folder;
  fs::path file;
};

TEST_F(AdminTokenFile, IsMadeOnceForItsOwnerOnly) {
  std::string token = load();
  EXPECT_TRUE(crypto::looks_like_token(token));
  EXPECT_EQ(load(), token);
  struct stat found{};
  ASSERT_EQ(::stat(file.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1)
      << "nothing else is left";
}

TEST_F(AdminTokenFile, TheSettingGoesBeforeTheFileAndMakesNone) {
  EXPECT_EQ(load("configured by the operator"), "configured by the operator");
  EXPECT_FALSE(fs::exists(file));
  EXPECT_EQ(code("short"), "admin_token_weak");
}

TEST_F(AdminTokenFile, AFileThatOthersCanReadOrThatHoldsNoTokenIsRefused) {
  load();
  fs::permissions(file, fs::perms::group_read, fs::perm_options::add);
  EXPECT_EQ(code(), "admin_token_unsafe");
  fs::remove(file);
  std::ofstream(file) << "\n";
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(code(), "admin_token_unreadable");
  fs::remove(file);
  fs::create_symlink("/etc/passwd", file);
  EXPECT_EQ(code(), "admin_token_unreadable");
}

TEST_F(AdminTokenFile, MatchesItsTextAndNothingElse) {
  AdminToken token{Secret("configured by the operator")};
  EXPECT_TRUE(token.matches(crypto::sha256("configured by the operator")));
  EXPECT_FALSE(token.matches(crypto::sha256("configured by the operator ")));
  EXPECT_FALSE(token.matches(crypto::sha256("")));
}

}  // namespace
}  // namespace molecule::auth
