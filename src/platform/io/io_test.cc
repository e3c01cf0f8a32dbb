#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "platform/io/aside.h"
#include "platform/io/clock.h"
#include "platform/io/guarded.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"

namespace molecule::io {
namespace {

using namespace std::chrono_literals;

Task<int> answer(int n) { co_return n; }

Task<int> sum(int depth) {
  if (depth == 0) co_return 0;
  int below = co_await sum(depth - 1);
  int here = co_await answer(1);
  co_return below + here;
}

TEST(Task, ReturnsValuesThroughNestedAwaits) {
  Loop loop;
  EXPECT_EQ(run(loop, sum(1000)), 1000);
}

TEST(Task, PassesExceptionsToTheAwaiter) {
  Loop loop;
  auto fails = []() -> Task<int> {
    throw bad_request("no");
    co_return 1;
  };
  EXPECT_THROW(run(loop, fails()), Fault);
}

TEST(Task, ManySynchronousAwaitsDoNotGrowTheStack) {
  Loop loop;
  auto many = []() -> Task<long> {
    long total = 0;
    for (int i = 0; i < 300'000; ++i) total += co_await answer(1);
    co_return total;
  };
  EXPECT_EQ(run(loop, many()), 300'000);
}

TEST(Within, ReturnsTheResultWhenInTime) {
  Loop loop;
  EXPECT_EQ(run(loop, within(5s, answer(7))), 7);
}

TEST(Within, CancelsWorkThatIsTooSlow) {
  Loop loop;
  bool cleaned = false;
  auto slow = [](bool& out) -> Task<int> {
    struct Cleanup {
      bool& out;
      ~Cleanup() { out = true; }
    } cleanup{out};
    co_await sleep(1h);
    co_return 1;
  };
  try {
    run(loop, within(5ms, slow(cleaned)));
    FAIL() << "expected a deadline";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Kind::deadline);
  }
  EXPECT_TRUE(cleaned);
}

TEST(Scope, WorkThatADrainEndsHasNotFailed) {
  Loop loop;
  int failures = 0;
  auto waiting = []() -> Task<void> { co_await sleep(std::chrono::hours(1)); };
  auto body = [&]() -> Task<void> {
    Scope scope(loop, [&](std::string_view, std::exception_ptr) { ++failures; });
    scope.spawn("waiting", waiting());
    co_await scope.drain(std::chrono::milliseconds(1));
    EXPECT_EQ(scope.running(), 0U);
  };
  run(loop, body());
  EXPECT_EQ(failures, 0);
}

TEST(Scope, DrainCancelsWhatDoesNotEndByItself) {
  Loop loop;
  std::vector<std::string> failures;
  bool ended = false;
  auto forever = [](bool& out) -> Task<void> {
    try {
      co_await sleep(1h);
    } catch (const Fault&) {
      out = true;
      throw;
    }
  };
  auto body = [&]() -> Task<void> {
    Scope scope(loop,
                [&](std::string_view name, std::exception_ptr) { failures.emplace_back(name); });
    scope.spawn("forever", forever(ended));
    co_await scope.drain(5ms);
    EXPECT_EQ(scope.running(), 0U);
  };
  run(loop, body());
  EXPECT_TRUE(ended);
}

TEST(Scope, ReportsAnEscapedFailureByName) {
  Loop loop;
  std::vector<std::string> failures;
  auto fails = []() -> Task<void> {
    co_await yield();
    throw internal();
  };
  auto body = [&]() -> Task<void> {
    Scope scope(loop,
                [&](std::string_view name, std::exception_ptr) { failures.emplace_back(name); });
    scope.spawn("sweep", fails());
    co_await scope.drain(1s);
  };
  run(loop, body());
  EXPECT_EQ(failures, std::vector<std::string>{"sweep"});
}

TEST(Completion, ResumesOnTheWaitersLoop) {
  Loop loop;
  auto body = [&]() -> Task<void> {
    auto waiter_thread = std::this_thread::get_id();
    std::jthread worker;
    Completion<int> completion([&](Completion<int>* done) {
      worker = std::jthread([done] {
        done->set(42);
        done->complete();
      });
    });
    int value = co_await completion;
    EXPECT_EQ(value, 42);
    EXPECT_EQ(std::this_thread::get_id(), waiter_thread);
  };
  run(loop, body());
}

TEST(Aside, WorkIsDoneInAnotherThreadWhileTheLoopGoesOn) {
  Loop loop;
  Aside aside;
  std::atomic<bool> loop_went_on = false;
  auto work = [&]() -> Task<int> {
    Context here = co_await context();
    here.loop->post([&] { loop_went_on = true; });
    const auto mine = std::this_thread::get_id();
    auto there = [&] {
      while (!loop_went_on) std::this_thread::yield();
      return std::this_thread::get_id();
    };
    const auto its = co_await aside.run(there);
    EXPECT_NE(mine, its);
    EXPECT_EQ(mine, std::this_thread::get_id());
    co_return 7;
  };
  EXPECT_EQ(run(loop, within(20s, work())), 7);
}

TEST(Aside, WhatItsWorkThrowsIsThrownToWhoWaits) {
  Loop loop;
  Aside aside;
  auto work = [&]() -> Task<void> { co_await aside.run([] { throw bad_request("no"); }); };
  EXPECT_THROW(run(loop, work()), Fault);
}

TEST(Aside, MoreThanMayWaitIsRefused) {
  Loop loop;
  Aside aside;
  std::atomic<bool> go = false;
  std::size_t done = 0, refused = 0;
  auto one = [&]() -> Task<void> {
    try {
      co_await aside.run([&] { go.wait(false); });
      ++done;
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.kind(), Kind::unavailable);
      ++refused;
    }
  };
  auto all = [&]() -> Task<void> {
    Context here = co_await context();
    Scope scope(*here.loop, {});
    for (std::size_t i = 0; i < Aside::waiting_max + 10; ++i) scope.spawn("one", one());
    go = true;
    go.notify_all();
    co_await scope.join();
  };
  run(loop, within(20s, all()));
  EXPECT_GE(refused, 9u);
  EXPECT_EQ(done + refused, Aside::waiting_max + 10);
}

TEST(Signal, WakesEveryWaiterAndTimesOut) {
  Loop loop;
  Signal signal;
  int woken = 0;
  auto waiter = [&]() -> Task<void> {
    bool notified = co_await signal.wait(10s);
    if (notified) ++woken;
  };
  auto body = [&]() -> Task<void> {
    Scope scope(loop, {});
    scope.spawn("a", waiter());
    scope.spawn("b", waiter());
    EXPECT_TRUE(signal.has_waiters());
    signal.notify();
    co_await scope.drain(10s);
    bool notified = co_await signal.wait(2ms);
    EXPECT_FALSE(notified);
  };
  run(loop, body());
  EXPECT_EQ(woken, 2);
}

TEST(Signal, WakesInTheOrderInWhichTheyCame) {
  Loop loop;
  Signal signal;
  std::string order;
  auto waiter = [&](char name) -> Task<void> {
    co_await signal.wait(10s);
    order += name;
  };
  auto body = [&]() -> Task<void> {
    Scope scope(loop, {});
    for (const char name : {'a', 'b', 'c'}) scope.spawn("waiter", waiter(name));
    signal.notify();
    co_await scope.drain(10s);
  };
  run(loop, body());
  EXPECT_EQ(order, "abc");
}

TEST(Signal, WaitingAfterTheScopeWasDrainedThrows) {
  Loop loop;
  Signal signal;
  int turns = 0;
  auto stubborn = [&]() -> Task<void> {
    try {
      co_await sleep(1h);
    } catch (const Fault&) {
      ++turns;
    }
    // A second wait must not look like its own time-out, or a loop around it never ends.
    while (turns < 1000) {
      ++turns;
      co_await signal.wait(1h);
    }
  };
  auto body = [&]() -> Task<void> {
    Scope scope(loop, {});
    scope.spawn("stubborn", stubborn());
    co_await scope.drain(1ms);
  };
  run(loop, body());
  EXPECT_EQ(turns, 2);
}

TEST(Random, OrderedIdsSortByTime) {
  SystemRandom random;
  auto a = random.ordered_id<ActivityId>(Instant::from_micros(1'000'000));
  auto b = random.ordered_id<ActivityId>(Instant::from_micros(2'000'000));
  EXPECT_LT(a, b);
  EXPECT_EQ(a.text()[14], '7');
}

}  // namespace
}  // namespace molecule::io
