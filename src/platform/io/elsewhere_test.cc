#include "platform/io/elsewhere.h"

#include <thread>

#include <gtest/gtest.h>

namespace molecule::io {
namespace {

using namespace std::chrono_literals;

// A second loop in a thread of its own.
class Elsewhere : public ::testing::Test {
 public:
  Elsewhere() : scope_(there_, {}), thread_([this] { there_.run(); }) {}
  ~Elsewhere() override {
    auto drain = [](Scope& scope) -> Task<void> { co_await scope.drain(0ms); };
    Scope control(there_, {});
    std::atomic<bool> done = false;
    control.spawn_from_anywhere("drain", [&]() -> Task<void> {
      auto run = [](Task<void> work, std::atomic<bool>& over) -> Task<void> {
        co_await std::move(work);
        over = true;
        over.notify_all();
      };
      return run(drain(scope_), done);
    });
    done.wait(false);
    there_.post([this] { there_.stop(); });
    thread_.join();
  }

  Loop here_;
  Loop there_;
  Scope scope_;
  std::thread thread_;
};

TEST_F(Elsewhere, WorkRunsOnItsLoopAndItsResultComesBack) {
  auto work = [](Elsewhere& self) -> Task<int> {
    const auto mine = std::this_thread::get_id();
    std::thread::id theirs;
    auto far = [&]() -> Task<int> {
      auto run = [](std::thread::id& ran) -> Task<int> {
        co_await sleep(1ms);
        ran = std::this_thread::get_id();
        co_return 42;
      };
      return run(theirs);
    };
    const int came = co_await elsewhere<int>(self.scope_, far);
    EXPECT_NE(mine, theirs);
    EXPECT_EQ(mine, std::this_thread::get_id());
    co_return came;
  };
  EXPECT_EQ(run(here_, work(*this)), 42);
}

TEST_F(Elsewhere, AFailureComesBack) {
  auto work = [](Elsewhere& self) -> Task<void> {
    auto far = []() -> Task<void> {
      co_await sleep(1ms);
      throw Fault(Kind::conflict, "no", "no");
    };
    co_await elsewhere<void>(self.scope_, far);
  };
  EXPECT_THROW(run(here_, work(*this)), Fault);
}

TEST_F(Elsewhere, TheCallersCancellationReachesTheWork) {
  auto work = [](Elsewhere& self) -> Task<void> {
    auto far = []() -> Task<void> { co_await sleep(1h); };
    co_await within(20ms, elsewhere<void>(self.scope_, far));
  };
  EXPECT_THROW(run(here_, work(*this)), Fault);
}

}  // namespace
}  // namespace molecule::io
