#include "platform/json/canonical.h"

#include <gtest/gtest.h>

namespace molecule::json {
namespace {

std::string of(std::string_view text) { return canonical(Document::parse(text).root()); }

// The examples of RFC 8785, §3.2.
TEST(Canonical, TheExampleOfItsRfc) {
  EXPECT_EQ(of(R"({
    "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  })"),
            R"({"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],)"
            "\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST(Canonical, MembersAreSortedByUtf16) {
  EXPECT_EQ(of("{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,\"\\ud83d\\ude00\":5,\"\\u0080\":6,"
               "\"\\u00f6\":7,\"12\":8}"),
            "{\"\\r\":2,\"1\":4,\"12\":8,\"\u0080\":6,\"\u00f6\":7,\"\u20ac\":1,\"\U0001f600\":5,"
            "\"\ufb33\":3}");
}

// The samples of RFC 8785, appendix B, and the edges of each form.
TEST(Canonical, NumbersAreWrittenAsInJavaScript) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"-0.0", "0"},
      {"5e-324", "5e-324"},
      {"-5e-324", "-5e-324"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"9007199254740992", "9007199254740992"},
      {"295147905179352830000", "295147905179352830000"},
      {"9.999999999999997e22", "9.999999999999997e+22"},
      {"1e23", "1e+23"},
      {"1.0000000000000001e23", "1.0000000000000001e+23"},
      {"999999999999999700000", "999999999999999700000"},
      {"999999999999999900000", "999999999999999900000"},
      {"1e21", "1e+21"},
      {"1e20", "100000000000000000000"},
      {"9.999999999999997e-7", "9.999999999999997e-7"},
      {"0.000001", "0.000001"},
      {"333333333.33333325", "333333333.33333325"},
      {"-0.0000033333333333333333", "-0.0000033333333333333333"},
      {"1424953923781206.2", "1424953923781206.2"},
      {"10.50", "10.5"},
      {"-12", "-12"},
      {"1E2", "100"},
  };
  for (const auto& [given, expected] : cases) EXPECT_EQ(of(given), expected) << given;
}

TEST(Canonical, ControlCharactersHaveTheirShortEscapes) {
  EXPECT_EQ(of("\"\\u0008\\u0009\\u000a\\u000c\\u000d\\u001f\\u007f\""),
            "\"\\b\\t\\n\\f\\r\\u001f\x7f\"");
}

TEST(Canonical, ANumberBeyondADoubleKeepsItsDigits) { EXPECT_EQ(of("[1e999]"), "[1e999]"); }

}  // namespace
}  // namespace molecule::json
