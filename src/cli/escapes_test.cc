#include "cli/escapes.h"

#include <gtest/gtest.h>

namespace molecule::cli {
namespace {

TEST(Escapes, AreKnownAtTheBeginningOfALineOnly) {
  Escapes escapes;
  EXPECT_EQ(escapes.passed("ls ~.\r"), "ls ~.\r");
  EXPECT_FALSE(escapes.leaves());
  EXPECT_EQ(escapes.passed("~.and no more"), "");
  EXPECT_TRUE(escapes.leaves());
  EXPECT_EQ(escapes.passed("nor this"), "");
}

TEST(Escapes, LeaveAtTheVeryBeginning) {
  Escapes escapes;
  EXPECT_EQ(escapes.passed("~"), "");
  EXPECT_EQ(escapes.passed("."), "");
  EXPECT_TRUE(escapes.leaves());
}

TEST(Escapes, LetEverythingElsePass) {
  Escapes escapes;
  EXPECT_EQ(escapes.passed("~/bin\r~~.\r~\r~user\n"), "~/bin\r~.\r~\r~user\n");
  EXPECT_FALSE(escapes.leaves());
  EXPECT_FALSE(escapes.asks());
}

TEST(Escapes, TellOfThemselves) {
  Escapes escapes;
  EXPECT_EQ(escapes.passed("~?"), "");
  EXPECT_TRUE(escapes.asks());
  EXPECT_FALSE(escapes.asks());
  EXPECT_EQ(escapes.passed("~."), "");
  EXPECT_TRUE(escapes.leaves());
}

}  // namespace
}  // namespace molecule::cli
