#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/fault.h"
#include "wire/agent_config/merging.h"
#include "wire/agent_config/settings.h"

namespace molecule::agent_config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> wrong_of(std::string_view text) {
  std::vector<std::string> all;
  for (const Problem& each : judge(text).wrong) all.push_back(each.sentence());
  return all;
}

TEST(AgentConfig, SaysWhatIsWrongAndWhere) {
  EXPECT_THAT(wrong_of("runtime: command\nruntime_config: {command: cat}\n"), IsEmpty());
  const Verdict broken = judge("runtime: command\nname: [a\n");
  ASSERT_EQ(broken.wrong.size(), 1u);
  EXPECT_GT(broken.wrong[0].line, 1);
  EXPECT_THAT(broken.wrong[0].text, testing::Not(HasSubstr("line ")));
  EXPECT_THAT(wrong_of("runtime: command\nruntime_config:\n  command: cat\n  timeout: soon\n"),
              ElementsAre("line 4, column 12: runtime_config.timeout: expected a whole number "
                          "from 1 to 604800"));
  EXPECT_THAT(wrong_of("name: x\nruntime: nonsense\n"),
              ElementsAre(HasSubstr("line 2, column 10: runtime: there is no runtime nonsense; it "
                                    "is one of ")));
  EXPECT_THAT(wrong_of("name: x\n"), ElementsAre(HasSubstr("names no runtime")));
  EXPECT_THAT(wrong_of("runtime: command\n"),
              ElementsAre("line 1, column 10: runtime_config.command: it is empty: the line that "
                          "a shell runs for each message"));
  EXPECT_THAT(wrong_of("- a\n"), ElementsAre(HasSubstr("expected names with values")));
  EXPECT_THAT(wrong_of(std::string(text_max + 1, ' ')), ElementsAre(HasSubstr("longer than")));
  const Verdict remarked =
      judge("runtime: command\nruntime_config: {command: cat}\ncolour: blue\n");
  ASSERT_EQ(remarked.remarks.size(), 1u);
  EXPECT_EQ(remarked.remarks[0].sentence(), "line 3, column 9: colour: nothing reads this key");
}

TEST(AgentConfig, TellsTextsApart) {
  EXPECT_EQ(mark_of("a"), mark_of("a"));
  EXPECT_NE(mark_of("a"), mark_of("b"));
  EXPECT_EQ(mark_of("").size(), 16u);
}

TEST(AgentConfig, IsJsonWithItsTypes) {
  EXPECT_EQ(json_of(""), "{}");
  EXPECT_EQ(json_of("a: 1\nb: \"1\"\nc: [x, true, ~, -2.5e3, 007, yes]\nd: {e: 'f\"'}\n"),
            R"({"a":1,"b":"1","c":["x",true,null,-2.5e3,"007","yes"],"d":{"e":"f\""}})");
  EXPECT_THROW(json_of("a: [\n"), Fault);
}

std::string after(std::string_view text, std::string_view changes) {
  const json::Document document = json::Document::parse(changes);
  return merged(text, document.root());
}

TEST(AgentConfig, ChangesWhatIsMeantAndLeavesTheRestAsItStands) {
  const std::string_view text =
      "# mine\nname: x  # who\n\n# how\nruntime_config:\n  # what runs\n  command: cat\n\n# last\n"
      "tier: 2\n";
  EXPECT_EQ(after(text, R"({"name":"y: #z"})"),
            "# mine\nname: \"y: #z\"\n\n# how\nruntime_config:\n  # what runs\n  command: cat\n\n"
            "# last\ntier: 2\n");
  EXPECT_EQ(after(text, R"({"runtime_config":{"command":"wc"},"new":[1]})"),
            "# mine\nname: x  # who\n\n# how\nruntime_config: {\"command\":\"wc\"}\n\n# last\n"
            "tier: 2\nnew: [1]\n");
  EXPECT_EQ(after(text, R"({"tier":null,"none":null})"),
            "# mine\nname: x  # who\n\n# how\nruntime_config:\n  # what runs\n  command: cat\n\n"
            "# last\n");
  EXPECT_EQ(after("", R"({"a":"b"})"), "a: \"b\"\n");
  EXPECT_EQ(after("a: 1", R"({"b":2})"), "a: 1\nb: 2\n");
}

TEST(AgentConfig, SaysTheSameWhereTheFormIsAnother) {
  EXPECT_EQ(after("{a: 1, b: [x, y]}\n", R"({"a":2})"), "a: 2\nb: [\"x\",\"y\"]\n");
  EXPECT_EQ(after("---\na: 1\n", R"({"a":2})"), "---\na: 2\n");
  EXPECT_EQ(json_of(after("a: |\n  text: 1\n  # no comment\nb: 1\n", R"({"b":2})")),
            R"({"a":"text: 1\n# no comment\n","b":2})");
  EXPECT_EQ(json_of(after("x: &n 5\ny: *n\n", R"({"x":6})")), R"({"x":6,"y":5})");
  EXPECT_EQ(json_of(after("a: 1\n", R"({"weird: name":"é\u0001\n","7":true})")),
            R"({"a":1,"weird: name":"é\u0001\n","7":true})");
}

}  // namespace
}  // namespace molecule::agent_config
