#include "wire/mcp/excerpt.h"

#include <array>

#include <gtest/gtest.h>

namespace molecule::mcp {
namespace {

std::string part(std::string_view row, std::size_t from, std::size_t max) {
  const auto document = json::Document::parse(row);
  return with_part(document.root(), "result", from, max);
}

TEST(WithPart, GoesThroughALongTextBetweenItsCharacters) {
  constexpr std::string_view row = R"({"id":1,"result":"aéb"})";
  EXPECT_EQ(part(row, 0, 4), row);
  EXPECT_EQ(part(row, 0, 2), R"({"id":1,"result":"a","result_bytes":4,"result_next":1})");
  EXPECT_EQ(part(row, 1, 2), R"({"id":1,"result":"é","result_bytes":4,"result_next":3})");
  EXPECT_EQ(part(row, 3, 2), R"({"id":1,"result":"b","result_bytes":4})");
  EXPECT_EQ(part(row, 9, 2), R"({"id":1,"result":"","result_bytes":4})");
  EXPECT_EQ(part(R"({"result":null})", 0, 0), R"({"result":null})");
}

TEST(Excerpt, CutsMembersAndRows) {
  constexpr std::array<std::string_view, 1> bodies{"body"};
  const auto of = [&](std::string_view rows, std::size_t max) {
    const auto document = json::Document::parse(rows);
    return excerpt(document.root(), bodies, 8, max, "ask for fewer");
  };
  constexpr std::string_view rows = R"([{"id":1,"body":{"a":1}},{"id":2,"body":{"a":"12345"}}])";
  EXPECT_EQ(of(rows, 1000), R"([{"id":1,"body":{"a":1}},)"
                            R"({"id":2,"body":"{\"a\":\"12\n[5 of 13 bytes are left out here]"}])");
  EXPECT_EQ(of(rows, 10),
            R"([{"id":1,"body":{"a":1}},{"note":"1 more rows are left out here: ask for fewer"}])");
  EXPECT_EQ(of("[]", 0), "[]");
}

}  // namespace
}  // namespace molecule::mcp
