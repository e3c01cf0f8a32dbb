#include "platform/net/resolve.h"

#include <map>

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/io/scope.h"
#include "platform/net/name_server_fixture.h"

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

struct SystemResolverTest : testing::Test {
  SystemResolverTest() { settings.servers = names.address(); }

  NameServer names;
  io::Loop loop;
  ManualClock clock;
  ResolverSettings settings;
};

TEST_F(SystemResolverTest, RemembersForAsLongAsTheNameServerSays) {
  names.tell("a.example", {.addresses = {"192.0.2.7"}, .seconds = 60});
  SystemResolver resolver(clock, settings);
  for (auto after : {0s, 59s}) {
    clock.at = after;
    auto found = io::run(loop, resolver.resolve("a.example"));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].text(), "192.0.2.7");
  }
  EXPECT_EQ(names.asked("a.example"), 1);
  clock.at = 60s;
  io::run(loop, resolver.resolve("a.example"));
  EXPECT_EQ(names.asked("a.example"), 2);
}

TEST_F(SystemResolverTest, RemembersWithinBoundsWhateverTheNameServerSays) {
  names.tell("short.example", {.addresses = {"192.0.2.7"}, .seconds = 0});
  names.tell("long.example", {.addresses = {"192.0.2.8"}, .seconds = 86'400});
  SystemResolver resolver(clock, settings);
  for (auto host : {"short.example", "short.example", "long.example"})
    io::run(loop, resolver.resolve(host));
  EXPECT_EQ(names.asked("short.example"), 1);
  clock.at = 299s;
  for (auto host : {"short.example", "long.example"}) io::run(loop, resolver.resolve(host));
  EXPECT_EQ(names.asked("short.example"), 2);
  EXPECT_EQ(names.asked("long.example"), 1);
  clock.at = 300s;
  io::run(loop, resolver.resolve("long.example"));
  EXPECT_EQ(names.asked("long.example"), 2);
}

TEST_F(SystemResolverTest, AnAliasIsGoodForNoLongerThanItSays) {
  names.tell("a.example", {.addresses = {"192.0.2.7"}, .alias = "b.example", .alias_seconds = 5});
  SystemResolver resolver(clock, settings);
  EXPECT_EQ(io::run(loop, resolver.resolve("a.example")).at(0).text(), "192.0.2.7");
  clock.at = 4s;
  io::run(loop, resolver.resolve("a.example"));
  EXPECT_EQ(names.asked("a.example"), 1);
  clock.at = 5s;
  io::run(loop, resolver.resolve("a.example"));
  EXPECT_EQ(names.asked("a.example"), 2);
}

TEST_F(SystemResolverTest, FindsTheAddressesOfBothKinds) {
  names.tell("a.example", {.addresses = {"192.0.2.7", "192.0.2.8", "2001:db8::7", "192.0.2.7"}});
  SystemResolver resolver(clock, settings);
  std::multimap<bool, std::string> found;
  for (const Address& each : io::run(loop, resolver.resolve("a.example")))
    found.emplace(each.v6(), each.text());
  EXPECT_EQ(found.size(), 3U);
  EXPECT_EQ(found.count(true), 1U);
}

TEST_F(SystemResolverTest, RemembersAFailureOnlyShortly) {
  SystemResolver resolver(clock, settings);
  EXPECT_EQ(code_of(loop, resolver, "gone.example"), "agent_unreachable");
  EXPECT_EQ(code_of(loop, resolver, "gone.example"), "agent_unreachable");
  EXPECT_EQ(names.asked("gone.example"), 1);
  clock.at += 3s;
  EXPECT_EQ(code_of(loop, resolver, "gone.example"), "agent_unreachable");
  EXPECT_EQ(names.asked("gone.example"), 2);
  // One that exists and has no address says as much.
  names.tell("empty.example", {.addresses = {}});
  EXPECT_EQ(code_of(loop, resolver, "empty.example"), "agent_unreachable");
}

TEST_F(SystemResolverTest, AnswersManyCallersOfOneNameWithOneLookUp) {
  names.tell("a.example", {.addresses = {"192.0.2.7"}});
  SystemResolver resolver(clock, settings);
  int answered = 0;
  auto caller = [&]() -> io::Task<void> {
    auto found = co_await resolver.resolve("a.example");
    if (found.size() == 1) ++answered;
  };
  auto body = [&]() -> io::Task<void> {
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) { FAIL(); });
    for (int i = 0; i < 20; ++i) scope.spawn("caller", caller());
    co_await scope.drain(10s);
  };
  io::run(loop, body());
  EXPECT_EQ(answered, 20);
  EXPECT_EQ(names.asked("a.example"), 1);
}

TEST_F(SystemResolverTest, SilentNamesKeepNobodyElseWaiting) {
  constexpr int silent = 50;
  names.tell("quick.example", {.addresses = {"192.0.2.7"}});
  SystemResolver resolver(clock, settings);
  auto slow = [&](std::string host) -> io::Task<void> {
    co_await resolver.resolve(std::move(host));
  };
  auto body = [&]() -> io::Task<void> {
    io::Scope scope(loop, {});
    for (int i = 0; i < silent; ++i) {
      const std::string host = "n" + std::to_string(i) + ".example";
      names.tell(host, {.addresses = {}, .silent = true});
      scope.spawn("slow", slow(host));
    }
    co_await io::yield();
    auto found = co_await resolver.resolve("quick.example");
    EXPECT_EQ(found.size(), 1U);
    scope.cancel();
    co_await scope.join();
  };
  auto began = std::chrono::steady_clock::now();
  io::run(loop, body());
  EXPECT_LT(std::chrono::steady_clock::now() - began, settings.patience);
}

TEST_F(SystemResolverTest, EndsWithoutWaitingForAnAnswer) {
  names.tell("slow.example", {.addresses = {}, .silent = true});
  settings.deadline = 30ms;
  auto began = std::chrono::steady_clock::now();
  {
    SystemResolver resolver(clock, settings);
    EXPECT_EQ(code_of(loop, resolver, "slow.example"), "agent_timeout");
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, settings.patience);
}

TEST_F(SystemResolverTest, NoAnswerIsNotAnAnswerAndIsAskedAgain) {
  constexpr int server_failed = 2;
  names.tell("busy.example", {.addresses = {}, .refusal = server_failed});
  names.tell("mute.example", {.addresses = {}, .silent = true});
  settings.patience = 20ms;
  SystemResolver resolver(clock, settings);
  for (auto host : {"busy.example", "mute.example"}) {
    EXPECT_EQ(code_of(loop, resolver, host), "agent_timeout") << host;
    names.tell(host, {.addresses = {"192.0.2.7"}});
    EXPECT_EQ(code_of(loop, resolver, host), "resolved") << host;
  }
}

TEST_F(SystemResolverTest, WithoutANameServerThatCanBeAskedNobodyAnswers) {
  for (auto servers : {"127.0.0.1:1", "no server at all"}) {
    settings.servers = servers;
    settings.patience = 20ms;
    SystemResolver resolver(clock, settings);
    EXPECT_EQ(code_of(loop, resolver, "a.example"), "agent_timeout") << servers;
  }
}

TEST_F(SystemResolverTest, BoundsTheNamesUnderWay) {
  settings.names_max = 3;
  settings.deadline = 100ms;
  for (int i = 0; i < 5; ++i)
    names.tell("n" + std::to_string(i) + ".example", {.addresses = {}, .silent = true});
  SystemResolver resolver(clock, settings);
  std::map<std::string, int> ends;
  auto caller = [&](std::string host) -> io::Task<void> {
    try {
      co_await resolver.resolve(std::move(host));
    } catch (const Fault& fault) {
      ++ends[fault.code()];
    }
  };
  auto body = [&]() -> io::Task<void> {
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) { FAIL(); });
    for (int i = 0; i < 5; ++i) scope.spawn("caller", caller("n" + std::to_string(i) + ".example"));
    co_await scope.drain(10s);
  };
  io::run(loop, body());
  EXPECT_EQ(ends["agent_timeout"], 3);
  EXPECT_EQ(ends["resolver_busy"], 2);
}

TEST_F(SystemResolverTest, EndsItsThreadAndStartsItAgain) {
  settings.linger = 1ms;
  settings.remembered_max = 4;
  SystemResolver resolver(clock, settings);
  for (int i = 0; i < 20; ++i) {
    const std::string host = "n" + std::to_string(i) + ".example";
    names.tell(host, {.addresses = {"192.0.2.7"}});
    EXPECT_EQ(code_of(loop, resolver, host), "resolved");
    io::run(loop,
            [](std::chrono::milliseconds t) -> io::Task<void> { co_await io::sleep(t); }(3ms));
  }
}

TEST_F(SystemResolverTest, KnowsThisMachineByItsName) {
  SystemResolver resolver(clock, settings);
  for (const Address& address : io::run(loop, resolver.resolve("localhost")))
    EXPECT_EQ(address.range(), Range::loopback);
  EXPECT_EQ(names.asked("localhost"), 0);
}

}  // namespace
}  // namespace molecule::net
