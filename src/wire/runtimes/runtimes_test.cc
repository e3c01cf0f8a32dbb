#include "wire/runtimes/runtimes.h"

#include <set>

#include <gtest/gtest.h>

namespace molecule::runtimes {
namespace {

TEST(Runtimes, AreFoundByTheirName) {
  const Runtime* claude = find("claude-code");
  ASSERT_NE(claude, nullptr);
  EXPECT_EQ(claude->executor, Executor::stream_json);
  EXPECT_EQ(keys_of(*claude), "ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN");
  EXPECT_EQ(find("external"), nullptr) << "whoever is external is driven by nobody";
  EXPECT_EQ(keys_of(*find("command")), "");
}

TEST(Runtimes, SayHowTheirProgramIsInstalled) {
  std::set<std::string_view> seen;
  for (const Runtime& each : all()) {
    EXPECT_TRUE(seen.insert(each.id).second) << each.id;
    EXPECT_FALSE(each.title.empty() || each.does.empty()) << each.id;
    EXPECT_EQ(each.program.empty(), each.install.empty()) << each.id;
    EXPECT_NE(names().find(each.id), std::string::npos);
    EXPECT_EQ(names_there().find(each.id) != std::string::npos, each.there) << each.id;
  }
}

}  // namespace
}  // namespace molecule::runtimes
