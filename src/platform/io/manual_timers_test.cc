#include "platform/io/manual_timers.h"

#include <string>

#include <gtest/gtest.h>

#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "testing/manual_clock.h"

namespace molecule::io {
namespace {

using namespace std::chrono_literals;

class Manual : public ::testing::Test {
 protected:
  void TearDown() override {
    scope.cancel();
    loop.poll();
  }
  void pass(std::chrono::nanoseconds by) {
    clock.advance(by);
    timers.ring();
    loop.poll();
  }
  void sleep_and_say(std::chrono::nanoseconds duration, std::string word) {
    auto work = [](Manual& self, std::chrono::nanoseconds of, std::string what) -> Task<void> {
      co_await sleep(of);
      self.said += what;
    };
    scope.spawn("sleeper", work(*this, duration, std::move(word)));
  }

  test::ManualClock clock;
  Loop loop;
  ManualTimers timers{loop, clock};
  Scope scope{loop, nullptr};
  std::string said;
};

TEST_F(Manual, WaitsEndWhenTimeHasPassedAndInTheirOrder) {
  sleep_and_say(24h, "c");
  sleep_and_say(1h, "a");
  sleep_and_say(1h, "b");
  EXPECT_EQ(timers.next(), clock.monotonic() + 1h);
  pass(59min);
  EXPECT_EQ(said, "");
  pass(1min);
  EXPECT_EQ(said, "ab");
  pass(72h);
  EXPECT_EQ(said, "abc");
  EXPECT_EQ(timers.next(), std::nullopt);
}

TEST_F(Manual, ACancelledWaitEndsAtOnce) {
  sleep_and_say(1h, "never");
  scope.cancel();
  loop.poll();
  EXPECT_EQ(scope.running(), 0u);
  EXPECT_EQ(timers.next(), std::nullopt);
  EXPECT_EQ(said, "");
}

TEST_F(Manual, DeadlinesFollowTheSameClock) {
  Signal never;
  bool in_time = true;
  auto work = [](Signal& signal, bool& out) -> Task<void> { out = co_await signal.wait(90s); };
  scope.spawn("waiter", work(never, in_time));
  pass(89s);
  EXPECT_TRUE(in_time);
  EXPECT_EQ(scope.running(), 1u);
  pass(1s);
  EXPECT_FALSE(in_time);
  EXPECT_EQ(scope.running(), 0u);
}

TEST_F(Manual, AWaitThatEndsEarlyLeavesNothingBehind) {
  Signal signal;
  bool in_time = false;
  auto work = [](Signal& on, bool& out) -> Task<void> { out = co_await on.wait(90s); };
  scope.spawn("waiter", work(signal, in_time));
  signal.notify();
  loop.poll();
  EXPECT_TRUE(in_time);
  EXPECT_EQ(timers.next(), std::nullopt);
}

}  // namespace
}  // namespace molecule::io
