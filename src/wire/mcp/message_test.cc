#include "wire/mcp/message.h"

#include <gtest/gtest.h>

namespace molecule::mcp {
namespace {

TEST(WithoutHalves, PutsASignInTheirPlaceAndLeavesTheRest) {
  EXPECT_EQ(without_halves(R"("a")"), "");
  EXPECT_EQ(without_halves(R"("\ud83d\ude00 \\ud83d \n \u00e9")"), "");
  EXPECT_EQ(without_halves(R"("x\ud83d")"), R"("x\ufffd")");
  EXPECT_EQ(without_halves(R"("\ude00x\uD83D\ud83d\ude00")"), R"("\ufffdx\ufffd\ud83d\ude00")");
  EXPECT_EQ(without_halves(R"("\\\ud83d")"), R"("\\\ufffd")");
  EXPECT_EQ(without_halves(R"("\ud8)"), "");
}

}  // namespace
}  // namespace molecule::mcp
