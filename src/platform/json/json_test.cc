#include "platform/json/json.h"

#include <gtest/gtest.h>

namespace molecule::json {
namespace {

struct Skill {
  std::string id;
  std::optional<std::string> name;
};
BOOST_DESCRIBE_STRUCT(Skill, (), (id, name))
struct Card {
  std::string name;
  std::int64_t tier = 0;
  std::vector<Skill> skills;
  Omit<double> rate;
  RawJson extra;
};
BOOST_DESCRIBE_STRUCT(Card, (), (name, tier, skills, rate, extra))

std::string fault_of(auto&& fn) {
  try {
    fn();
  } catch (const Fault& fault) {
    return fault.text();
  }
  return "no fault";
}

TEST(Json, RoundTripsByFieldList) {
  std::string text =
      R"({"name":"a\u00e4\n","tier":3,"skills":[{"id":"x","name":null}],"rate":0.5,"extra":{"k":[1,2]}})";
  Card card = read<Card>(text);
  EXPECT_EQ(card.name, "aä\n");
  EXPECT_EQ(
      json::text(card),
      R"({"name":"aä\n","tier":3,"skills":[{"id":"x","name":null}],"rate":0.5,"extra":{"k":[1,2]}})");
}

TEST(Json, FaultsNameThePath) {
  EXPECT_EQ(fault_of([] { read<Card>(R"({"name":"a","tier":1,"skills":[{"id":"x"},{"id":7}]})"); }),
            "skills[1].id: expected a string");
  EXPECT_EQ(fault_of([] { read<Card>(R"({"name":"a","tier":1,"skills":[{}]})"); }),
            "skills[0].id is required");
  EXPECT_EQ(fault_of([] { read<Card>(R"({"name":"a","tier":1.5,"skills":[]})"); }),
            "tier: expected a whole number");
}

TEST(Json, IntegralNumbersAreWrittenWithoutAFraction) {
  EXPECT_EQ(json::text(1.0), "1");
  EXPECT_EQ(json::text(0.25), "0.25");
  EXPECT_EQ(compact("[1.0, 2.50]"), "[1,2.5]");
}

TEST(Json, EmptyOmitIsLeftOut) {
  Card card;
  EXPECT_EQ(json::text(card), R"({"name":"","tier":0,"skills":[],"extra":null})");
}

TEST(Json, RefusesDamagedAndOversizedText) {
  EXPECT_NE(fault_of([] { Document::parse("{\"a\":"); }).find("invalid JSON"), std::string::npos);
  EXPECT_NE(fault_of([] { Document::parse("{} x"); }).find("invalid JSON"), std::string::npos);
  EXPECT_NE(fault_of([] { Document::parse(""); }).find("empty"), std::string::npos);
  EXPECT_NE(fault_of([] {
              Document::parse(std::string(100, '[') + std::string(100, ']'));
            }).find("deeper"),
            std::string::npos);
  EXPECT_NE(fault_of([] { Document::parse("[1,2,3]", {.bytes = 5}); }).find("larger"),
            std::string::npos);
  EXPECT_NE(fault_of([] { Document::parse("[[1,2],[3]]", {.members = 4}); }).find("more than"),
            std::string::npos);
}

TEST(Json, QuotesControlCharactersAndReplacesBrokenUtf8) {
  std::string out;
  quote(out, std::string_view("a\x01\"\\\xff\xc3\xa9", 7));
  EXPECT_EQ(out, "\"a\\u0001\\\"\\\\\xEF\xBF\xBD\xc3\xa9\"");
}

TEST(Json, ANulIsRefusedUnlessItIsKept) {
  for (std::string_view text : {R"({"a":"\u0000"})", R"({"\u0000":1})", R"(["\\\u0000"])"}) {
    EXPECT_THROW(Document::parse(text), Fault) << text;
    EXPECT_NO_THROW(Document::parse(text, {.nul = Nul::kept})) << text;
  }
  EXPECT_EQ(Document::parse(R"(["\\u0000"])").root().at(0).string(), R"(\u0000)");
}

TEST(Json, StorableTextHasNoNulAndIsCutBetweenCharacters) {
  EXPECT_EQ(storable(std::string_view("a\0b", 3), 10), "a?b");
  EXPECT_EQ(storable("grün", 3), "gr");
  EXPECT_EQ(storable("grün", 4), "grü");
}

}  // namespace
}  // namespace molecule::json
