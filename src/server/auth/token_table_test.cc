#include "server/auth/token_table.h"

#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "platform/io/clock.h"

namespace molecule::auth {
namespace {

crypto::Digest digest_of(int n) { return crypto::sha256("token " + std::to_string(n)); }

IdBytes bytes_of(int n) {
  IdBytes bytes{};
  crypto::Digest digest = crypto::sha256("id " + std::to_string(n));
  std::copy_n(digest.begin(), bytes.size(), bytes.begin());
  return bytes;
}

TokenFacts facts_of(int n) {
  TokenFacts facts;
  facts.id = TokenId(bytes_of(n));
  facts.workspace = WorkspaceId(bytes_of(n / 3));
  return facts;
}

TEST(TokenTable, FindsWhatWasInsertedAndNothingElse) {
  TokenTable table;
  for (int n = 0; n < 5000; ++n) table.insert(digest_of(n), facts_of(n));
  EXPECT_EQ(table.size(), 5000u);
  for (int n = 0; n < 5000; ++n) {
    auto found = table.find(digest_of(n));
    ASSERT_TRUE(found) << n;
    EXPECT_EQ(found->id, facts_of(n).id);
    EXPECT_EQ(found->workspace, facts_of(n).workspace);
    EXPECT_FALSE(found->departed);
  }
  for (int n = 5000; n < 10000; ++n) EXPECT_FALSE(table.find(digest_of(n))) << n;
}

TEST(TokenTable, ADigestThatDiffersInItsLastBitIsAnother) {
  TokenTable table;
  table.insert(digest_of(1), facts_of(1));
  crypto::Digest near = digest_of(1);
  near.back() ^= 1;
  EXPECT_FALSE(table.find(near));
}

TEST(TokenTable, ErasingLeavesEveryOtherOneFindable) {
  TokenTable table;
  for (int n = 0; n < 3000; ++n) table.insert(digest_of(n), facts_of(n));
  for (int n = 0; n < 3000; n += 2) table.erase(digest_of(n));
  EXPECT_EQ(table.size(), 1500u);
  for (int n = 0; n < 3000; ++n) EXPECT_EQ(table.find(digest_of(n)).has_value(), n % 2 == 1) << n;
}

TEST(TokenTable, ManyTokensThatComeAndGoDoNotMakeItGrow) {
  TokenTable table;
  std::size_t before = table.capacity();
  for (int n = 0; n < 20000; ++n) {
    table.insert(digest_of(n), facts_of(n));
    if (n >= 100) table.erase(digest_of(n - 100));
  }
  EXPECT_EQ(table.capacity(), before);
  for (int n = 19900; n < 20000; ++n) EXPECT_TRUE(table.find(digest_of(n)));
}

TEST(TokenTable, InsertingAgainReplaces) {
  TokenTable table;
  table.insert(digest_of(1), facts_of(1));
  TokenFacts other = facts_of(2);
  other.ends_at = 99;
  table.insert(digest_of(1), other);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.find(digest_of(1))->id, other.id);
  EXPECT_EQ(table.find(digest_of(1))->ends_at, 99u);
}

TEST(TokenTable, ADepartedTokenSaysSinceWhen) {
  TokenTable table;
  table.insert(digest_of(1), facts_of(1));
  table.depart(digest_of(1), 1234);
  auto found = table.find(digest_of(1));
  EXPECT_TRUE(found->departed);
  EXPECT_EQ(found->ends_at, 1234u);
  EXPECT_FALSE(found->expired(5000));
}

TEST(TokenTable, ExpiryIsTheFirstSecondWhenItIsOver) {
  TokenFacts facts = facts_of(1);
  facts.ends_at = 100;
  EXPECT_FALSE(facts.expired(99));
  EXPECT_TRUE(facts.expired(100));
}

TEST(TokenTable, UseIsCollectedOnce) {
  TokenTable table;
  for (int n = 0; n < 10; ++n) table.insert(digest_of(n), facts_of(n));
  table.use(digest_of(3), 1000);
  table.use(digest_of(3), 1001);
  table.use(digest_of(7), 1000);
  auto used = table.take_used(table.capacity(), 100);
  ASSERT_EQ(used.size(), 2u);
  std::set<std::pair<std::string, std::uint32_t>> seen;
  for (const auto& mark : used) seen.emplace(mark.id.text(), mark.at);
  EXPECT_TRUE(seen.contains({facts_of(3).id.text(), 1001}));
  EXPECT_TRUE(seen.contains({facts_of(7).id.text(), 1000}));
  EXPECT_TRUE(table.take_used(table.capacity(), 100).empty());
  EXPECT_EQ(table.find(digest_of(3))->last_used, 1001u);
}

TEST(TokenTable, CollectingIsBoundedAndContinuesWhereItStopped) {
  TokenTable table;
  for (int n = 0; n < 100; ++n) {
    table.insert(digest_of(n), facts_of(n));
    table.use(digest_of(n), 5);
  }
  std::set<std::string> seen;
  for (int round = 0; round < 20; ++round) {
    for (const auto& mark : table.take_used(table.capacity(), 10)) {
      EXPECT_TRUE(seen.insert(mark.id.text()).second);
    }
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(TokenTable, ExpiredAndDepartedTokensAreNotMarkedAsUsed) {
  TokenTable table;
  TokenFacts old = facts_of(1);
  old.ends_at = 10;
  table.insert(digest_of(1), old);
  table.insert(digest_of(2), facts_of(2));
  table.depart(digest_of(2), 5);
  table.use(digest_of(1), 20);
  table.use(digest_of(2), 20);
  EXPECT_TRUE(table.take_used(table.capacity(), 10).empty());
}

// Readers on several threads beside a writer that inserts, erases, departs and makes the table
// grow: a token that stays must be found every time, and no answer may mix two tokens.
TEST(TokenTable, ReadersNeverMissATokenThatStays) {
  TokenTable table;
  constexpr int stay = 200;
  for (int n = 0; n < stay; ++n) table.insert(digest_of(n), facts_of(n));
  std::vector<crypto::Digest> digests;
  for (int n = 0; n < stay; ++n) digests.push_back(digest_of(n));
  crypto::Digest changing = digest_of(-1);

  std::atomic<bool> over{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&, r] {
      std::uint32_t now = 1;
      for (int n = r; !over.load(); n = (n + 1) % stay) {
        auto found = table.use(digests[static_cast<std::size_t>(n)], ++now);
        if (!found || found->id != facts_of(n).id || found->workspace != facts_of(n).workspace)
          ++wrong;
        auto other = table.find(changing);
        // Written as two generations: id and workspace must be of the same one.
        if (other && other->id.bytes() != other->workspace.bytes()) ++wrong;
      }
    });
  }
  for (int n = 1000; n < 5000; ++n) {
    table.insert(digest_of(n), facts_of(n));
    TokenFacts facts;
    facts.id = TokenId(bytes_of(n));
    facts.workspace = WorkspaceId(bytes_of(n));
    table.insert(changing, facts);
    if (n % 3 == 0) table.erase(digest_of(n - 50));
    if (n % 7 == 0) table.erase(changing);
    if (n % 5 == 0) table.take_used(64, 16);
  }
  over = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(), 0);
}

}  // namespace
}  // namespace molecule::auth
