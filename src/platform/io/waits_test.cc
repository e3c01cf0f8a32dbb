#include "platform/io/waits.h"

#include <gtest/gtest.h>

namespace molecule::io {
namespace {

using namespace std::chrono_literals;

TEST(Waits, DoubleUpToTheLongest) {
  const Waits waits{1s, 600s, 24h};
  EXPECT_EQ(waits.after(0), 1s);
  EXPECT_EQ(waits.after(3), 8s);
  EXPECT_EQ(waits.after(10), 600s);
  EXPECT_EQ(waits.after(1'000'000), 600s);
}

TEST(Waits, AreOverOnceTheyCameToEnough) {
  const Waits waits{1s, 4s, 11s};
  EXPECT_FALSE(waits.over(0)) << "a first failure is never the last";
  EXPECT_FALSE(waits.over(3)) << "1 + 2 + 4";
  EXPECT_TRUE(waits.over(4)) << "and 4";
  EXPECT_TRUE(waits.over(1'000'000'000));
}

}  // namespace
}  // namespace molecule::io
