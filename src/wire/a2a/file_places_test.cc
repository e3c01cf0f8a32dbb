#include "wire/a2a/file_places.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "wire/a2a/a2a.h"

namespace molecule::a2a {
namespace {

std::optional<std::string> place(std::string_view address) {
  if (address.starts_with("ours:")) return "https://platform/" + std::string(address.substr(5));
  return std::nullopt;
}

std::string with_parts(std::string_view parts) {
  return R"({"jsonrpc":"2.0","id":7,"method":"message/send","params":{"message":{"role":"user","parts":[)" +
         std::string(parts) + R"(],"messageId":"m"},"metadata":{"n":1.50}}})";
}

TEST(FilePlaces, EachFormOfAFilePartIsToldWhereItIs) {
  auto told = [](std::string_view parts) { return with_file_places(with_parts(parts), place); };
  EXPECT_EQ(
      told(R"({"kind":"text","text":"see"},{"kind":"file","file":{"name":"a","uri":"ours:1"}})"),
      with_parts(
          R"({"kind":"text","text":"see"},{"kind":"file","file":{"name":"a","uri":"https://platform/1"}})"));
  EXPECT_EQ(told(R"({"url":"ours:1","filename":"a","mediaType":"text/plain"})"),
            with_parts(R"({"url":"https://platform/1","filename":"a","mediaType":"text/plain"})"));
  EXPECT_EQ(told(R"({"type":"file","uri":"ours:1"})"),
            with_parts(R"({"type":"file","uri":"https://platform/1"})"));
}

TEST(FilePlaces, WhatIsSaidAndWhatIsForeignStaysByteForByte) {
  for (const std::string& same : {
           with_parts(R"({"kind":"text","text":"ours:1"})"),
           with_parts(R"({"kind":"data","data":{"uri":"ours:1"}})"),
           with_parts(R"({"kind":"file","file":{"uri":"https://other/x","bytes":"YQ=="}})"),
           with_parts(R"({"kind":"file","file":{"uri":7}},"ours:1")"),
           std::string(R"({"jsonrpc":"2.0","method":"message/send","params":{"url":"ours:1"}})"),
       })
    EXPECT_EQ(with_file_places(same, place), same);
}

TEST(FilesNamed, OfAMessageOrATaskOfEitherGenerationEachOnce) {
  const std::string file =
      R"({"kind":"file","file":{"uri":"u","name":"a","mimeType":"b/c","size":3}})";
  const std::string flat = R"({"url":"v","filename":"d"})";
  for (const std::string& result : {
           fmt::format(R"({{"parts":[{},{}]}})", file, flat),
           fmt::format(R"({{"message":{{"parts":[{},{},{}]}}}})", file, flat, file),
           fmt::format(R"({{"task":{{"artifacts":[{{"parts":[{}]}},{{"parts":[{}]}}]}}}})", file,
                       flat),
           fmt::format(
               R"({{"status":{{"message":{{"parts":[{}]}}}},"artifacts":[{{"parts":[{}]}}]}})",
               file, flat),
       }) {
    const auto found = files_named(fmt::format(R"({{"result":{}}})", result));
    ASSERT_EQ(found.size(), 2u) << result;
    EXPECT_EQ(found[0].uri + found[0].name + found[0].media_type, "uab/c");
    EXPECT_EQ(found[0].size, 3);
    EXPECT_EQ(found[1].uri + found[1].name + found[1].media_type, "vd");
  }
  EXPECT_TRUE(files_named("").empty());
  EXPECT_TRUE(files_named(R"({"result":{"parts":[{"text":"\"uri\""}]}})").empty());
  EXPECT_TRUE(files_named(R"({"error":{"uri":"u"}})").empty());
}

TEST(FilePlaces, BothGenerationsReadIt) {
  const std::string told =
      with_file_places(with_parts(R"({"kind":"file","file":{"uri":"ours:1"}})"), place);
  const std::string newer = request_as(Generation::v10, told);
  EXPECT_NE(newer.find(R"({"url":"https://platform/1"})"), std::string::npos) << newer;
}

}  // namespace
}  // namespace molecule::a2a
