#include "platform/crypto/seal.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/crypto/encoding.h"

namespace molecule::crypto {
namespace {

struct Counting {
  std::uint8_t next = 0;
  void fill(std::span<std::uint8_t> bytes) {
    for (auto& byte : bytes) byte = next++;
  }
};

SealingKey key_from(std::uint8_t first) {
  Counting random{first};
  return SealingKey::random(random);
}

Keyring ring_of(std::initializer_list<std::uint8_t> firsts) {
  Keyring keys;
  for (auto first : firsts) keys.add(key_from(first));
  return keys;
}

std::string code_of(const Keyring& keys, Bytes sealed, std::string_view place) {
  try {
    keys.open(sealed, place);
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.kind(), Kind::internal);
    return fault.code();
  }
  return "opened";
}

const std::string place = associated_data({"secrets", "ws1", "NAME"});

TEST(AssociatedData, KeepsPartsApart) {
  EXPECT_EQ(associated_data({"secrets", "ws1", "NAME"}), "7:secrets3:ws14:NAME");
  EXPECT_NE(associated_data({"ab", "c"}), associated_data({"a", "bc"}));
  EXPECT_NE(associated_data({"a", ""}), associated_data({"a"}));
  EXPECT_NE(associated_data({"1:a"}), associated_data({"", "a"}));
}

TEST(Seal, HasTheDocumentedBytes) {  // Computed with another implementation of AES-GCM.
  Nonce nonce{};
  for (std::size_t i = 0; i < nonce.size(); ++i) nonce[i] = static_cast<std::uint8_t>(0xa0 + i);
  Sealed sealed = seal(key_from(0), nonce, "hunter2", "7:secrets3:ws14:NAME");
  EXPECT_EQ(hex_encode(sealed),
            "0184590f27a0a1a2a3a4a5a6a7a8a9aaab8e6d125920b930ab495f3e00701ef70d127aeb795cdf7b");
}

TEST(Seal, RoundTrips) {
  Keyring keys = ring_of({7});
  Counting random;
  for (std::size_t size : {0u, 1u, 15u, 16u, 17u, 4096u, 100'000u}) {
    std::string plain(size, 'x');
    Sealed sealed = keys.seal(random, plain, place);
    EXPECT_EQ(sealed.size(), size + sealed_overhead);
    EXPECT_EQ(keys.open(sealed, place).reveal(), plain);
  }
}

TEST(Seal, NeverGivesTheSameBytesTwice) {
  Keyring keys = ring_of({7});
  Counting random;
  EXPECT_NE(keys.seal(random, "value", place), keys.seal(random, "value", place));
}

TEST(Seal, NoticesEveryFlippedBit) {
  Keyring keys = ring_of({7});
  Counting random;
  Sealed sealed = keys.seal(random, "a secret value", place);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      Sealed changed = sealed;
      changed[i] ^= static_cast<std::uint8_t>(1 << bit);
      bool in_key_id = i >= 1 && i < 5;
      EXPECT_EQ(code_of(keys, changed, place),
                in_key_id ? "sealing_key_missing" : "sealed_value_damaged")
          << "byte " << i << " bit " << bit;
    }
  }
}

TEST(Seal, NoticesEveryTruncationAndExtension) {
  Keyring keys = ring_of({7});
  Counting random;
  Sealed sealed = keys.seal(random, "a secret value", place);
  for (std::size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_EQ(code_of(keys, Bytes(sealed).first(size), place), "sealed_value_damaged") << size;
  }
  sealed.push_back(0);
  EXPECT_EQ(code_of(keys, sealed, place), "sealed_value_damaged");
}

TEST(Seal, OpensOnlyAtItsPlace) {
  Keyring keys = ring_of({7});
  Counting random;
  Sealed sealed = keys.seal(random, "value", place);
  EXPECT_EQ(code_of(keys, sealed, associated_data({"secrets", "ws2", "NAME"})),
            "sealed_value_damaged");
  EXPECT_EQ(code_of(keys, sealed, associated_data({"secrets", "ws1", "OTHER"})),
            "sealed_value_damaged");
  EXPECT_EQ(code_of(keys, sealed, ""), "sealed_value_damaged");
}

TEST(Seal, NamesItsKeyAndAnotherKeyUnderThatNameOpensNothing) {
  Counting random;
  Keyring mine = ring_of({7});
  Keyring other = ring_of({9});
  Sealed sealed = mine.seal(random, "value", place);
  EXPECT_EQ(code_of(other, sealed, place), "sealing_key_missing");
  auto id = other.sealing().id();
  std::copy(id.begin(), id.end(), sealed.begin() + 1);
  EXPECT_EQ(code_of(other, sealed, place), "sealed_value_damaged");
  EXPECT_EQ(code_of(Keyring{}, sealed, place), "sealing_key_missing");
}

TEST(Keyring, SealsWithTheNewestAndOpensWithAll) {
  Counting random;
  Keyring before = ring_of({1});
  Sealed old_value = before.seal(random, "old", place);
  Keyring after = ring_of({1, 2});
  Sealed new_value = after.seal(random, "new", place);
  EXPECT_EQ(after.open(old_value, place).reveal(), "old");
  EXPECT_EQ(after.open(new_value, place).reveal(), "new");
  EXPECT_EQ(code_of(before, new_value, place), "sealing_key_missing");
  EXPECT_TRUE(after.stale(old_value));
  EXPECT_FALSE(after.stale(new_value));
}

TEST(Keyring, AddingAKeyAgainMakesItTheSealingOne) {
  Keyring keys = ring_of({1, 2, 1});
  EXPECT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys.sealing().id(), key_from(1).id());
}

TEST(Keyring, WithoutKeysSealsNothing) {
  Counting random;
  EXPECT_THROW(Keyring{}.seal(random, "value", place), Fault);
}

TEST(SealingKey, ReadsBase64AndRawCharacters) {
  std::string raw = "0123456789abcdef0123456789abcdef";
  auto key = SealingKey::parse(raw);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(text_of(key->reveal()), raw);
  auto same = SealingKey::parse(base64_encode(bytes_of(raw)));
  ASSERT_TRUE(same.has_value());
  EXPECT_EQ(same->id(), key->id());
  auto bare = SealingKey::parse(base64_encode(bytes_of(raw)).substr(0, 43));
  ASSERT_TRUE(bare.has_value());
  EXPECT_EQ(bare->id(), key->id());
  for (std::string text :
       {std::string(), std::string("short"), std::string(31, 'a'), std::string(33, 'a'),
        base64_encode(bytes_of(raw.substr(1))), std::string(44, '*')}) {
    EXPECT_FALSE(SealingKey::parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace molecule::crypto
