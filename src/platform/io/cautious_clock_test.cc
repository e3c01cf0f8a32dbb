#include "platform/io/cautious_clock.h"

#include <gtest/gtest.h>

#include "testing/manual_clock.h"

namespace molecule::io {
namespace {

using namespace std::chrono_literals;

class Cautious : public ::testing::Test {
 protected:
  // As work that looks each second sees it.
  void pass(std::chrono::seconds time) {
    for (auto at = 0s; at < time; at += 1s) {
      wall.advance(1s);
      cautious.now();
    }
  }
  test::ManualClock wall;
  CautiousClock cautious{wall};
  const Instant begun = wall.now();
};

TEST_F(Cautious, GoesWithAWallClockThatIsRight) {
  pass(3s);
  EXPECT_EQ(cautious.now(), wall.now());
  for (int i = 0; i < 10; ++i) {
    wall.step(4s);
    pass(60s);
  }
  EXPECT_EQ(cautious.now(), wall.now()) << "corrected little by little";
  wall.advance(10min);
  EXPECT_EQ(cautious.now(), wall.now()) << "nobody asked for a while";
}

TEST_F(Cautious, AClockThatIsWrongForSecondsMakesNothingOld) {
  wall.step(15 * 24h);
  EXPECT_EQ(cautious.now(), begun);
  pass(3s);
  EXPECT_EQ(cautious.now(), begun + 3s);
  wall.step(-15 * 24h);
  EXPECT_EQ(cautious.now(), wall.now());
}

TEST_F(Cautious, AStepAheadThatStaysCountsAfterAWhile) {
  wall.step(15 * 24h);
  pass(299s);
  EXPECT_EQ(cautious.now(), begun + 299s);
  pass(3s);
  EXPECT_EQ(cautious.now(), wall.now());
}

TEST_F(Cautious, AClockThatGoesOnJumpingIsNotBelieved) {
  for (int i = 0; i < 10; ++i) {
    wall.step(24h);
    pass(100s);
  }
  EXPECT_EQ(cautious.now(), begun + 1'000s);
}

TEST_F(Cautious, AStepBackCountsAtOnceAndSoDoesTheWayOutOfIt) {
  pass(10s);
  wall.step(-24h);
  EXPECT_EQ(cautious.now(), wall.now());
  pass(100s);
  EXPECT_EQ(cautious.now(), wall.now());
  wall.step(24h);
  EXPECT_EQ(cautious.now(), begun + 110s);
}

}  // namespace
}  // namespace molecule::io
