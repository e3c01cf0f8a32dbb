#include "agent/kept_sessions.h"

#include <fstream>
#include <iterator>

#include <fmt/format.h>
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
  std::ifstream aside(folder / "sessions.unreadable");
  EXPECT_EQ(std::string(std::istreambuf_iterator(aside), {}), "[{\"context\":");
}

TEST_F(KeptSessionsTest, ForgetTheOneThatWasUnusedLongest) {
  KeptSessions kept(folder / "sessions");
  kept.keep("first", "codex", "s-first");
  for (std::size_t i = 1; i < KeptSessions::kept_max; ++i)
    kept.keep(fmt::format("talk-{}", i), "codex", fmt::format("s-{}", i));
  EXPECT_TRUE(kept.keep("first", "codex", "s-first").empty()) << "used once more";
  const auto gone = kept.keep("new", "codex", "s-new");
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_EQ(gone.front().session, "s-1");
  const KeptSessions later(folder / "sessions");
  EXPECT_EQ(later.find("first", "codex"), "s-first");
  EXPECT_EQ(later.find("talk-1", "codex"), "");
  EXPECT_EQ(later.find("talk-2", "codex"), "s-2");
}

TEST_F(KeptSessionsTest, TellWhichSessionAnotherOneReplaces) {
  KeptSessions kept(folder / "sessions");
  kept.keep("talk", "codex", "s1");
  EXPECT_EQ(kept.keep("talk", "codex", "s2").at(0).session, "s1");
  EXPECT_EQ(kept.keep("talk", "codex", "").at(0).session, "s2");
  EXPECT_TRUE(kept.keep("nobody", "codex", "").empty());
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
