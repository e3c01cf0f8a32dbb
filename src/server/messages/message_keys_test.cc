#include "server/messages/message_keys.h"

#include <cstring>
#include <random>
#include <unordered_map>

#include <gtest/gtest.h>

namespace molecule::messages {
namespace {

IdBytes key(std::uint64_t mark) {
  IdBytes bytes{};
  std::memcpy(bytes.data(), &mark, sizeof mark);
  return bytes;
}

TEST(MessageKeys, KnowsTheNewestAndForgetsTheOldest) {
  MessageKeys keys(3);
  for (std::uint64_t i = 1; i <= 5; ++i) keys.remember(key(i * 7919), static_cast<std::int64_t>(i));
  EXPECT_EQ(keys.size(), 3U);
  EXPECT_EQ(keys.oldest(), 3);
  EXPECT_FALSE(keys.find(key(1 * 7919)));
  EXPECT_FALSE(keys.find(key(2 * 7919)));
  for (std::uint64_t i = 3; i <= 5; ++i) EXPECT_EQ(keys.find(key(i * 7919)), i);
}

TEST(MessageKeys, ANewerMessageKeepsItsKeyWhenTheOlderEntryGoes) {
  MessageKeys keys(2);
  keys.remember(key(1), 1);
  keys.remember(key(1), 2);
  EXPECT_EQ(keys.find(key(1)), 2);
  keys.remember(key(9), 3);  // The entry of row 1 goes.
  EXPECT_EQ(keys.find(key(1)), 2);
  keys.remember(key(10), 4);  // The entry of row 2 goes.
  EXPECT_FALSE(keys.find(key(1)));
}

// What the store has is read back when it comes back, into a memory that has it already.
TEST(MessageKeys, KnowsAllThatIsReadBackAnew) {
  MessageKeys keys(8);
  for (int round = 0; round < 3; ++round) {
    keys.forget_all();
    EXPECT_EQ(keys.size(), 0U);
    for (std::uint64_t i = 1; i <= 6; ++i)
      keys.remember(key(i * 7919), static_cast<std::int64_t>(i));
  }
  for (std::uint64_t i = 1; i <= 6; ++i) EXPECT_EQ(keys.find(key(i * 7919)), i);
  EXPECT_EQ(keys.oldest(), 1);
}

// Marks are chosen so that they crowd: the same home, the end of the table, runs that wrap.
TEST(MessageKeys, AgreesWithAMapWhateverTheOrder) {
  MessageKeys keys(1500);
  std::unordered_map<std::uint64_t, std::int64_t> expected;
  std::vector<std::uint64_t> order;
  std::mt19937_64 random(7);
  for (std::int64_t seq = 1; seq <= 20'000; ++seq) {
    std::uint64_t mark = (random() % 64) * 4096 + 4080 + random() % 40;
    mark |= (random() % 4) << 40;
    keys.remember(key(mark), seq);
    order.push_back(mark);
    expected[mark] = seq;
    if (order.size() > 1500) {
      std::size_t gone = order.size() - 1501;
      auto it = expected.find(order[gone]);
      if (it != expected.end() && it->second == static_cast<std::int64_t>(gone) + 1)
        expected.erase(it);
    }
    if (seq % 499 != 0) continue;
    for (std::uint64_t each : order) {
      auto it = expected.find(each);
      auto found = keys.find(key(each));
      ASSERT_EQ(found.has_value(), it != expected.end()) << seq;
      if (found) {
        ASSERT_EQ(*found, it->second) << seq;
      }
    }
  }
}

}  // namespace
}  // namespace molecule::messages
