#include "platform/yaml/yaml.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/fault.h"

namespace molecule::yaml {
namespace {

std::string refusal(std::string_view text, const Limits& limits = {}) {
  try {
    parse(text, limits);
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), "invalid_yaml");
    return fault.text();
  }
  return "it was taken";
}

TEST(Yaml, IsATreeWhoseNodesKnowTheirPlace) {
  const Node root = parse(
      "name: pm\n# for people\nskills: [a, \"b\"]\na2a:\n  port: 8000\n  streaming: yes\nnone:\n");
  ASSERT_TRUE(root.is(Node::Kind::map));
  EXPECT_EQ(root.find("name")->text, "pm");
  EXPECT_EQ(root.find("skills")->items.size(), 2u);
  EXPECT_TRUE(root.find("skills")->items[1].quoted);
  const Node* port = root.find("a2a")->find("port");
  EXPECT_EQ(port->integer(), 8000);
  EXPECT_EQ(port->place(), "line 5, column 9");
  EXPECT_EQ(root.find("a2a")->find("streaming")->boolean(), true);
  EXPECT_TRUE(root.find("none")->is(Node::Kind::nothing));
  EXPECT_EQ(root.find("other"), nullptr);
  EXPECT_TRUE(parse("").is(Node::Kind::nothing));
  EXPECT_TRUE(parse("# nothing\n").is(Node::Kind::nothing));
}

TEST(Yaml, IsJsonToo) {
  const Node root = parse(R"({"name": "a \"word\"", "list": [1, 2], "on": true, "text": "7"})");
  EXPECT_EQ(root.find("name")->text, "a \"word\"");
  EXPECT_EQ(root.find("list")->items[1].integer(), 2);
  EXPECT_TRUE(root.find("text")->quoted);
}

TEST(Yaml, ThatIsBrokenIsRefusedWithLineAndColumn) {
  EXPECT_TRUE(refusal("name: [a\nb: c").starts_with("line ")) << refusal("name: [a\nb: c");
  EXPECT_TRUE(refusal("a: b\n  c: d\n").starts_with("line 2, column "))
      << refusal("a: b\n  c: d\n");
  EXPECT_TRUE(refusal("a: 1\nb: 2\na: 3\n").starts_with("line 3, column 1: a stands there twice"));
  EXPECT_NE(refusal("a: *b").find("line 1"), std::string::npos);
}

TEST(Yaml, OfAFewLinesDoesNotBecomeLarge) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += fmt::format("a{0}: &a{0} [", i);
    for (int j = 0; j < 9; ++j) bomb += fmt::format("{}*a{}", j ? "," : "", i - 1);
    bomb += "]\n";
  }
  EXPECT_NE(refusal(bomb).find("too much"), std::string::npos) << refusal(bomb);
  EXPECT_NE(refusal(std::string(10'000, '[')).find("too deeply"), std::string::npos);
  EXPECT_NE(refusal("abcdef", {.bytes = 3}).find("longer than 3 bytes"), std::string::npos);
  const Node root = parse("a: &x {k: v}\nb: *x\n");
  EXPECT_EQ(root.find("b")->find("k")->text, "v");
}

TEST(Yaml, OfALongTextAndManyAliasesDoesNotBecomeLarge) {
  std::string copies = "a: &a " + std::string(200'000, 'x') + "\nb: [*a";
  for (int i = 0; i < 9000; ++i) copies += ",*a";
  EXPECT_NE(refusal(copies + "]\n").find("too much"), std::string::npos);
  // One in the other, each of which is kept for aliases that may come.
  std::string nested;
  for (int i = 0; i < 60; ++i) nested += fmt::format("&a{} [", i);
  nested += std::string(200'000, 'x') + std::string(60, ']');
  EXPECT_NE(refusal(nested).find("too much"), std::string::npos);
}

TEST(Yaml, IsReadInTimeThatGrowsWithItsLength) {
  std::string text;
  for (int i = 0; i < 49'000; ++i) text += fmt::format("k{}: v\n", i);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(parse(text).names.size(), 49'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(4));
  EXPECT_NE(refusal(text + "k7: v\n").find("k7 stands there twice"), std::string::npos);
}

}  // namespace
}  // namespace molecule::yaml
