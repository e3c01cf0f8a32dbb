#include "wire/mcp/clipping.h"

#include <gtest/gtest.h>

namespace molecule::mcp {
namespace {

TEST(Clipped, SaysHowMuchIsMissingAndHowToGetIt) {
  EXPECT_EQ(clipped("12345", 5), "12345");
  EXPECT_EQ(clipped("123456", 5), "12345\n[1 of 6 bytes are left out here]");
  EXPECT_EQ(clipped("123456", 4, "ask again"), "1234\n[2 of 6 bytes are left out here: ask again]");
  EXPECT_EQ(clipped("", 0), "");
}

TEST(Clipped, CutsBetweenCharacters) {
  EXPECT_EQ(clipped("aéb", 2), "a\n[3 of 4 bytes are left out here]");
  EXPECT_EQ(clipped("aéb", 3), "aé\n[1 of 4 bytes are left out here]");
}

}  // namespace
}  // namespace molecule::mcp
