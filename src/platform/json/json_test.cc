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
}

TEST(Json, NumbersThatAreReadKeepTheirDigits) {
  for (std::string_view digits :
       {"0", "-0", "-0.0", "1.0", "2.50", "1e3", "1E+3", "1.5e-7", "9223372036854775807",
        "-9223372036854775808", "9223372036854775808", "-9223372036854775809",
        "18446744073709551616", "123456789012345678901234567890", "0.12345678901234567890", "1E400",
        "-1e999999", "1e-400"}) {
    std::string text = fmt::format("[{},{{\"n\":{}}}]", digits, digits);
    EXPECT_EQ(compact(text), text);
    EXPECT_EQ(read<RawJson>(text).text, text);
    EXPECT_EQ(compact(digits), digits);
  }
  EXPECT_EQ(Document::parse("3.0").root().integer(), 3);
  EXPECT_EQ(Document::parse("1e3").root().integer(), 1000);
  EXPECT_EQ(Document::parse("-0").root().integer(), 0);
  EXPECT_DOUBLE_EQ(Document::parse("0.1").root().number(), 0.1);
  EXPECT_DOUBLE_EQ(Document::parse("18446744073709551616").root().number(), 18446744073709551616.0);
  EXPECT_FALSE(Document::parse("9223372036854775808").root().is(Type::integer));
}

TEST(Json, WhoeverCountsWithANumberIsToldThatItIsTooLarge) {
  const std::string digits = "1" + std::string(400, '0');
  for (std::string_view text : {std::string_view("1E400"), std::string_view(digits)}) {
    Document document = Document::parse(text);
    EXPECT_TRUE(document.root().is(Type::number)) << text;
    EXPECT_TRUE(std::isinf(document.root().number())) << text;
    EXPECT_EQ(fault_of([&] { read<int>(text); }), "expected a whole number");
  }
  EXPECT_LT(Document::parse("-1E400").root().number(), 0);
  EXPECT_EQ(Document::parse("1e-400").root().number(), 0);
}

TEST(Json, AMemberThatIsThereTwiceIsRefusedByName) {
  EXPECT_EQ(fault_of([] { Document::parse(R"({"a":1,"b":2,"a":3})"); }),
            R"(invalid JSON: the member "a" is there twice)");
  EXPECT_EQ(fault_of([] { Document::parse(R"({"list":[0,{"in":{"\u0061":1,"a":1}}]})"); }),
            R"(invalid JSON: the member "a" is there twice in list[1].in)");
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += fmt::format("\"m{}\":{},", i, i);
  Document whole = Document::parse(many + "\"last\":1}");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(whole.root().find(fmt::format("m{}", i)).integer(), i);
  EXPECT_FALSE(whole.root().find("m100"));
  EXPECT_EQ(fault_of([&] { Document::parse(many + "\"m42\":1}"); }),
            R"(invalid JSON: the member "m42" is there twice)");
  EXPECT_NO_THROW(Document::parse(R"([{"a":1},{"a":1,"b":{"a":1}}])"));
}

TEST(Json, HalfACharacterIsRefusedWithItsPlace) {
  for (std::string_view half : {R"(\ud83e)", R"(\udd8a)", R"(\ud83e\u0041)", R"(\ud83ex)"}) {
    std::string text = fmt::format(R"({{"parts":[{{}},{{"text":"ab{}"}}]}})", half);
    std::string said = fault_of([&] { Document::parse(text); });
    EXPECT_NE(said.find("half of a character"), std::string::npos) << said;
    EXPECT_NE(said.find("parts[1].text"), std::string::npos) << said;
  }
  EXPECT_EQ(Document::parse(R"("\ud83e\udd8a")").root().string(), "🦊");
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
