#include "wire/a2a/file_places.h"

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

TEST(FilePlaces, BothGenerationsReadIt) {
  const std::string told =
      with_file_places(with_parts(R"({"kind":"file","file":{"uri":"ours:1"}})"), place);
  const std::string newer = request_as(Generation::v10, told);
  EXPECT_NE(newer.find(R"({"url":"https://platform/1"})"), std::string::npos) << newer;
}

}  // namespace
}  // namespace molecule::a2a
