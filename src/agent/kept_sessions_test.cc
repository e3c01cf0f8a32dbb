#include "agent/kept_sessions.h"

#include <fstream>

#include <gtest/gtest.h>

#include "agent/skills.h"
#include "base/fault.h"

namespace molecule::agent {
namespace {

namespace fs = std::filesystem;

class KeptSessionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/molecule-kept-XXXXXX";
    folder = ::mkdtemp(name);
  }
  void TearDown() override { fs::remove_all(folder); }
  fs::path folder;
};

TEST_F(KeptSessionsTest, AreThereForWhoeverComesNext) {
  {
    KeptSessions kept(folder / "sessions");
    kept.keep("talk", "codex", "s1");
    kept.keep("other", "codex", "s2");
    kept.keep("talk", "codex", "s3");
  }
  KeptSessions kept(folder / "sessions");
  EXPECT_EQ(kept.find("talk", "codex"), "s3");
  EXPECT_EQ(kept.find("talk", "opencode"), "") << "another runtime does not know it";
  kept.keep("talk", "codex", "");
  EXPECT_EQ(kept.find("talk", "codex"), "");
  EXPECT_EQ(kept.find("other", "codex"), "s2");
}

TEST_F(KeptSessionsTest, BeginAnewWhereTheFileMakesNoSense) {
  std::ofstream(folder / "sessions") << "[{\"context\":";
  KeptSessions kept(folder / "sessions");
  EXPECT_EQ(kept.find("talk", "codex"), "");
  kept.keep("talk", "codex", "s1");
  EXPECT_EQ(KeptSessions(folder / "sessions").find("talk", "codex"), "s1");
}

TEST(Skill, HasWhatItsFrontMatterSays) {
  const Skill skill =
      read_skill("count", "---\nname: count-words\ndescription: Counts\ntags: [a, b]\n---\nBody\n");
  EXPECT_EQ(skill.name, "count-words");
  EXPECT_EQ(skill.tags, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(skill.body, "Body\n");
  EXPECT_EQ(read_skill("plain", "Only a body").body, "Only a body");
  EXPECT_THROW(read_skill("x", "---\nname: x\n"), Fault);
  EXPECT_THROW(read_skill("x", "---\n- a\n---\n"), Fault);
}

}  // namespace
}  // namespace molecule::agent
