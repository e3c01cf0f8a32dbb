#include "platform/net/resolve.h"

#include <atomic>
#include <latch>
#include <map>

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/io/scope.h"

namespace molecule::net {
namespace {

using namespace std::chrono_literals;

class ManualClock final : public io::Clock {
 public:
  Instant now() const override { return {}; }
  std::chrono::nanoseconds monotonic() const override { return at; }
  Instant steady() const override { return {}; }
  std::chrono::nanoseconds at{0};
};

std::string code_of(io::Loop& loop, Resolver& resolver, const std::string& host) {
  try {
    io::run(loop, resolver.resolve(host));
  } catch (const Fault& fault) {
    return fault.code();
  }
  return "resolved";
}

TEST(SystemResolver, AsksOnceAndRemembersForAWhile) {
  io::Loop loop;
  ManualClock clock;
  std::atomic<int> asked = 0;
  SystemResolver resolver(clock, {}, [&](const std::string& host) {
    ++asked;
    EXPECT_EQ(host, "a.example");
    return std::vector<Address>{*Address::parse("192.0.2.7")};
  });
  for (int i = 0; i < 3; ++i) {
    auto found = io::run(loop, resolver.resolve("a.example"));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].text(), "192.0.2.7");
  }
  EXPECT_EQ(asked, 1);
  clock.at += 31s;
  io::run(loop, resolver.resolve("a.example"));
  EXPECT_EQ(asked, 2);
}

TEST(SystemResolver, RemembersAFailureOnlyShortly) {
  io::Loop loop;
  ManualClock clock;
  std::atomic<int> asked = 0;
  SystemResolver resolver(clock, {}, [&](const std::string&) {
    ++asked;
    return std::vector<Address>{};
  });
  EXPECT_EQ(code_of(loop, resolver, "gone.example"), "agent_unreachable");
  EXPECT_EQ(code_of(loop, resolver, "gone.example"), "agent_unreachable");
  EXPECT_EQ(asked, 1);
  clock.at += 3s;
  EXPECT_EQ(code_of(loop, resolver, "gone.example"), "agent_unreachable");
  EXPECT_EQ(asked, 2);
}

TEST(SystemResolver, AnswersManyCallersOfOneNameWithOneLookUp) {
  io::Loop loop;
  ManualClock clock;
  std::latch release(1);
  std::atomic<int> asked = 0;
  SystemResolver resolver(clock, {}, [&](const std::string&) {
    ++asked;
    release.wait();
    return std::vector<Address>{*Address::parse("192.0.2.7")};
  });
  int answered = 0;
  auto caller = [&]() -> io::Task<void> {
    auto found = co_await resolver.resolve("a.example");
    if (found.size() == 1) ++answered;
  };
  auto body = [&]() -> io::Task<void> {
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) { FAIL(); });
    for (int i = 0; i < 20; ++i) scope.spawn("caller", caller());
    release.count_down();
    co_await scope.drain(10s);
  };
  io::run(loop, body());
  EXPECT_EQ(answered, 20);
  EXPECT_EQ(asked, 1);
}

TEST(SystemResolver, StopsWaitingAtItsDeadlineAndStaysUsable) {
  io::Loop loop;
  ManualClock clock;
  std::latch release(1);
  ResolverSettings settings;
  settings.deadline = 30ms;
  SystemResolver resolver(clock, settings, [&](const std::string& host) {
    if (host == "slow.example") release.wait();
    return std::vector<Address>{*Address::parse("192.0.2.7")};
  });
  EXPECT_EQ(code_of(loop, resolver, "slow.example"), "agent_timeout");
  EXPECT_EQ(code_of(loop, resolver, "quick.example"), "resolved");
  release.count_down();
}

TEST(SystemResolver, NoAnswerIsNotAnAnswerAndIsAskedAgain) {
  io::Loop loop;
  ManualClock clock;
  int asked = 0;
  SystemResolver resolver(clock, {}, [&](const std::string&) -> std::vector<Address> {
    if (++asked == 1) throw std::runtime_error("no name server answered");
    return {*Address::parse("192.0.2.7")};
  });
  EXPECT_EQ(code_of(loop, resolver, "busy.example"), "agent_timeout");
  EXPECT_EQ(code_of(loop, resolver, "busy.example"), "resolved");
}

TEST(SystemResolver, BoundsTheQueue) {
  io::Loop loop;
  ManualClock clock;
  std::latch release(1);
  ResolverSettings settings;
  settings.threads_max = 1;
  settings.waiting_max = 2;
  std::latch started(1);
  std::atomic<bool> first = true;
  SystemResolver resolver(clock, settings, [&](const std::string&) {
    if (first.exchange(false)) started.count_down();
    release.wait();
    return std::vector<Address>{*Address::parse("192.0.2.7")};
  });
  std::map<std::string, int> ends;
  auto caller = [&](std::string host) -> io::Task<void> {
    std::string end = "resolved";
    try {
      co_await resolver.resolve(host);
    } catch (const Fault& fault) {
      end = fault.code();
    }
    ++ends[end];
  };
  auto body = [&]() -> io::Task<void> {
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) { FAIL(); });
    scope.spawn("first", caller("first.example"));
    started.wait();
    for (int i = 0; i < 4; ++i) scope.spawn("caller", caller("n" + std::to_string(i) + ".example"));
    release.count_down();
    co_await scope.drain(10s);
  };
  io::run(loop, body());
  EXPECT_EQ(ends["resolved"], 3);
  EXPECT_EQ(ends["resolver_busy"], 2);
}

TEST(SystemResolver, EndsItsThreadsAndStartsThemAgain) {
  io::Loop loop;
  ManualClock clock;
  ResolverSettings settings;
  settings.thread_linger = 1ms;
  settings.remembered_max = 4;
  SystemResolver resolver(clock, settings, [](const std::string&) {
    return std::vector<Address>{*Address::parse("192.0.2.7")};
  });
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(code_of(loop, resolver, "n" + std::to_string(i) + ".example"), "resolved");
    io::run(loop,
            [](std::chrono::milliseconds t) -> io::Task<void> { co_await io::sleep(t); }(3ms));
  }
}

TEST(SystemResolver, KnowsThisMachineByItsName) {
  auto found = SystemResolver::system_lookup("localhost");
  ASSERT_FALSE(found.empty());
  for (const Address& address : found) EXPECT_EQ(address.range(), Range::loopback);
  EXPECT_TRUE(SystemResolver::system_lookup("no-such-name.invalid").empty());
}

}  // namespace
}  // namespace molecule::net
