#include "cli/documents.h"

#include <gtest/gtest.h>

namespace molecule::cli {
namespace {

std::string yaml(std::string_view text) { return as_yaml(json::Document::parse(text).root()); }
std::string pretty(std::string_view text) { return as_json(json::Document::parse(text).root()); }

TEST(Documents, JsonIsIndentedAndKeepsItsNumbers) {
  EXPECT_EQ(pretty(R"({"a":1.50,"b":[1,{"c":null}],"d":{},"e":[]})"),
            "{\n  \"a\": 1.50,\n  \"b\": [\n    1,\n    {\n      \"c\": null\n    }\n  ],\n"
            "  \"d\": {},\n  \"e\": []\n}\n");
  EXPECT_EQ(as_json_line(json::Document::parse(R"({"a": [1, 2]})").root()), "{\"a\":[1,2]}\n");
}

TEST(Documents, WhatATerminalObeysIsEscaped) {
  EXPECT_EQ(pretty("\"a\u009bb\u202ec\u00adé\""), "\"a\\u009bb\\u202ec\\u00adé\"\n");
  EXPECT_EQ(yaml("{\"a\":\"\u009b\"}"), "a: \"\\u009b\"\n");
}

TEST(Documents, YamlNestsListsAndMaps) {
  EXPECT_EQ(yaml(R"([{"a":1,"b":[1,[2,3]],"c":{"d":true}},"x",[]])"),
            "- a: 1\n  b:\n    - 1\n    - - 2\n      - 3\n  c:\n    d: true\n- x\n- []\n");
  EXPECT_EQ(yaml("[]"), "[]\n");
  EXPECT_EQ(yaml("null"), "null\n");
}

TEST(Documents, YamlWritesNumbersThatAllReadersTakeForNumbers) {
  EXPECT_EQ(yaml("[1E5,1e5,1e-7,-2.5E+3,1.50e10,0,-1,3.14,12345678901234567890]"),
            "- 1.0e+5\n- 1.0e+5\n- 1.0e-7\n- -2.5e+3\n- 1.50e+10\n- 0\n- -1\n- 3.14\n"
            "- 12345678901234567890\n");
  EXPECT_EQ(yaml("1e5"), "1.0e+5\n");
  EXPECT_EQ(yaml("[true,false]"), "- true\n- false\n");
}

TEST(Documents, YamlAnnouncesLongKeys) {
  const auto of = [](const std::string& key, std::string_view value) {
    return yaml("[{\"a\":1,\"" + key + "\":" + std::string(value) + "}]");
  };
  const std::string fits(1022, 'k'), longer(1023, 'k');
  EXPECT_EQ(of(fits, "1"), "- a: 1\n  \"" + fits + "\": 1\n");
  EXPECT_EQ(of(longer, "1"), "- a: 1\n  ? \"" + longer + "\"\n  : 1\n");
  EXPECT_EQ(of(longer, "[1,2]"), "- a: 1\n  ? \"" + longer + "\"\n  :\n    - 1\n    - 2\n");
  EXPECT_EQ(yaml("[{\"" + longer + "\":{\"b\":2}}]"), "- ? \"" + longer + "\"\n  :\n    b: 2\n");
}

TEST(Documents, YamlQuotesWhatItWouldReadOtherwise) {
  for (const char* word : {"yes", "No", "null", "1.5", "0x1", "", " x", "x ", "a: b", "- a", "#c",
                           "2026-11-30", "*x", "a\\nb", "~", "é"}) {
    json::Object object;
    object.add("k", word);
    EXPECT_EQ(yaml(object.text()).find("k: \""), 0u) << word;
  }
  EXPECT_EQ(yaml(R"({"k":"plain words"})"), "k: plain words\n");
  EXPECT_EQ(yaml(R"({"on":"x"})"), "\"on\": x\n");
}

}  // namespace
}  // namespace molecule::cli
