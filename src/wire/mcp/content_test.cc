#include "wire/mcp/content.h"

#include <gtest/gtest.h>

#include "wire/mcp/answer.h"

namespace molecule::mcp {
namespace {

Enclosed file(std::string media_type, bool is_text = false) {
  Enclosed out{"molecule://f", "f", std::move(media_type), {}, {}};
  (is_text ? out.text : out.base64) = is_text ? "words" : "AA==";
  return out;
}

TEST(Content, IsToldAsARevisionKnowsIt) {
  EXPECT_EQ(item_of(file("image/png"), "2024-11-05"),
            R"({"type":"image","data":"AA==","mimeType":"image/png"})");
  EXPECT_EQ(item_of(file("audio/wav"), "2025-03-26"),
            R"({"type":"audio","data":"AA==","mimeType":"audio/wav"})");
  constexpr auto as_file =
      R"({"type":"resource","resource":{"uri":"molecule://f","mimeType":"audio/wav","blob":"AA=="}})";
  EXPECT_EQ(item_of(file("audio/wav"), "2024-11-05"), as_file);
  EXPECT_EQ(
      item_of(file("text/plain", true), "2024-11-05"),
      R"({"type":"resource","resource":{"uri":"molecule://f","mimeType":"text/plain","text":"words"}})");
  // A picture that is a program: a file.
  EXPECT_NE(item_of(file("image/svg+xml"), "2025-11-25").find("\"blob\""), std::string::npos);
}

TEST(Content, WhatIsTooLargeIsSaidWhereItIs) {
  const Enclosed large{"molecule://f", "f", "video/mp4", {}, {}};
  EXPECT_EQ(item_of(large, "2025-06-18"),
            R"({"type":"resource_link","uri":"molecule://f","name":"f","mimeType":"video/mp4"})");
  EXPECT_EQ(item_of(large, "2025-03-26"), "");
  EXPECT_EQ(tool_result("done", false, {large}, "2025-03-26").text(),
            R"({"content":[{"type":"text","text":"done"}],"isError":false})");
}

}  // namespace
}  // namespace molecule::mcp
