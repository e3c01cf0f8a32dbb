#include "platform/http/byte_range.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace molecule::http {
namespace {

std::string asked(std::string_view header, std::uint64_t size = 10) {
  const ByteRange range = byte_range(header, size);
  switch (range.asked) {
    case ByteRange::Asked::whole: return "whole";
    case ByteRange::Asked::nothing: return "nothing";
    case ByteRange::Asked::part: break;
  }
  return fmt::format("{}-{}", range.first, range.last);
}

TEST(ByteRange, IsOneRangeOrTheWhole) {
  EXPECT_EQ(asked("bytes=0-3"), "0-3");
  EXPECT_EQ(asked("Bytes=4-"), "4-9");
  EXPECT_EQ(asked("bytes=4-400"), "4-9");
  EXPECT_EQ(asked("bytes=-3"), "7-9");
  EXPECT_EQ(asked("bytes=-300"), "0-9");
  EXPECT_EQ(asked("bytes=9-9"), "9-9");
  for (std::string_view other :
       {"bytes=0-1,3-4", "bytes=3-1", "bytes=-", "bytes=", "lines=0-1", "", "bytes=a-b", "bytes=1",
        "bytes=--1", "bytes=99999999999999999999-", "bytes= 1 - 2"})
    EXPECT_EQ(asked(other), "whole") << other;
}

TEST(ByteRange, BeyondTheEndIsNothing) {
  EXPECT_EQ(asked("bytes=10-"), "nothing");
  EXPECT_EQ(asked("bytes=-0"), "nothing");
  EXPECT_EQ(asked("bytes=0-", 0), "nothing");
  EXPECT_EQ(asked("bytes=-1", 0), "nothing");
  EXPECT_EQ(byte_range(std::nullopt, 10).asked, ByteRange::Asked::whole);
}

}  // namespace
}  // namespace molecule::http
