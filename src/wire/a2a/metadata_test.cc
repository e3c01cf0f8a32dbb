#include "wire/a2a/metadata.h"

#include <gtest/gtest.h>

#include "wire/a2a/a2a.h"

namespace molecule::a2a {
namespace {

constexpr std::string_view request =
    R"({"jsonrpc":"2.0","id":1,"method":"message/send","params":{"message":{"parts":[]},"metadata":{"mine":1,"a2a_extensions":7}}})";

TEST(Metadata, WhatASenderWantsStaysWithTheMessage) {
  EXPECT_EQ(extensions_in(request), "");
  const std::string kept = extended(request, "https://e.example/a,urn:b?c=\"d\"");
  EXPECT_EQ(extensions_in(kept), "https://e.example/a,urn:b?c=\"d\"");
  EXPECT_EQ(extensions_in(named(kept, "0198")), extensions_in(kept));
  json::Document document = json::Document::parse(named(kept, "0198"));
  json::Node metadata = document.root().find("params").find("metadata");
  EXPECT_EQ(metadata.find("mine").integer(), 1);
  EXPECT_EQ(metadata.find("activity_id").string(), "0198");
  EXPECT_EQ(document.root().find("params").find("message").text(), R"({"parts":[]})");
  EXPECT_EQ(extensions_in(extended(R"({"method":"SendMessage","params":{}})", "urn:a")), "urn:a");
}

TEST(Metadata, WhatCannotBeAHeaderIsNone) {
  EXPECT_TRUE(may_be_extensions("urn:a, urn:b"));
  for (std::string text : {std::string(), std::string("urn:a\r\nX: y"), std::string("urn:ä"),
                           std::string(extensions_max + 1, 'u')}) {
    EXPECT_FALSE(may_be_extensions(text));
    EXPECT_EQ(extensions_in(extended(request, text)), "");
  }
}

}  // namespace
}  // namespace molecule::a2a
