#include "server/auth/limits.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace molecule::auth {
namespace {

constexpr std::uint32_t noon = 1'800'000'000;

IdBytes key_of(std::uint32_t n) {
  IdBytes key{};
  for (std::size_t i = 0; i < 4; ++i) key[i] = static_cast<std::uint8_t>(n >> (8 * i));
  return key;
}

LimitSettings all_of(std::uint32_t limit) { return {limit, limit, limit, limit, limit}; }

TEST(Limits, AWindowBeginsWithTheFirstRequestAndEndsAMinuteLater) {
  Limits limits(all_of(3));
  for (std::uint32_t i = 0; i < 3; ++i) {
    Allowance allowance = limits.take(Counted::address, key_of(1), noon + i);
    EXPECT_TRUE(allowance.allowed);
    EXPECT_EQ(allowance.limit, 3u);
    EXPECT_EQ(allowance.remaining, 2 - i);
    EXPECT_EQ(allowance.reset, 60 - i);
  }
  EXPECT_FALSE(limits.take(Counted::address, key_of(1), noon + 59).allowed);
  EXPECT_TRUE(limits.take(Counted::address, key_of(1), noon + 60).allowed);
}

TEST(Limits, KeysAndKindsAreCountedApart) {
  Limits limits(all_of(1));
  EXPECT_TRUE(limits.take(Counted::address, key_of(1), noon).allowed);
  EXPECT_TRUE(limits.take(Counted::address, key_of(2), noon).allowed);
  EXPECT_TRUE(limits.take(Counted::failure, key_of(1), noon).allowed);
  EXPECT_TRUE(limits.take(Counted::claim, key_of(1), noon).allowed);
  EXPECT_FALSE(limits.take(Counted::address, key_of(1), noon).allowed);
}

TEST(Limits, ZeroIsOff) {
  Limits limits(all_of(0));
  for (int i = 0; i < 10000; ++i)
    ASSERT_TRUE(limits.take(Counted::credential, key_of(1), noon).allowed);
  EXPECT_FALSE(limits.counts(Counted::credential));
}

TEST(Limits, AFloodOfAddressesDoesNotFreeABusyOne) {
  Limits limits(all_of(100));
  for (int i = 0; i < 100; ++i) limits.take(Counted::address, key_of(1), noon);
  for (std::uint32_t n = 2; n < 4 * Limits::entries_max; ++n)
    limits.take(Counted::address, key_of(n), noon);
  EXPECT_FALSE(limits.take(Counted::address, key_of(1), noon).allowed);
}

TEST(Limits, AClockThatStepsBackStartsANewWindow) {
  Limits limits(all_of(1));
  limits.take(Counted::address, key_of(1), noon);
  Allowance allowance = limits.take(Counted::address, key_of(1), noon - 100);
  EXPECT_TRUE(allowance.allowed);
  EXPECT_EQ(allowance.reset, 60u);
}

TEST(Limits, ManyThreadsTogetherGetNoMoreThanTheLimit) {
  Limits limits(all_of(1000));
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        if (limits.take(Counted::credential, key_of(7), noon).allowed) ++allowed;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(allowed.load(), 1000);
}

TEST(Limits, AddressesCountBySubscriber) {
  EXPECT_EQ(address_key("192.0.2.1"), address_key("192.0.2.1:4711"));
  EXPECT_EQ(address_key("192.0.2.1"), address_key("::ffff:192.0.2.1"));
  EXPECT_NE(address_key("192.0.2.1"), address_key("192.0.2.2"));
  EXPECT_EQ(address_key("2001:db8:1:2::1"), address_key("[2001:db8:1:2:aaaa::9]:443"));
  EXPECT_NE(address_key("2001:db8:1:2::1"), address_key("2001:db8:1:3::1"));
  EXPECT_NE(address_key("unix"), address_key("other"));
  EXPECT_EQ(address_key(std::string(500, 'x')), address_key(std::string(500, 'x')));
}

}  // namespace
}  // namespace molecule::auth
