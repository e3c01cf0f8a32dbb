#include "platform/crypto/digest.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "platform/crypto/encoding.h"

namespace molecule::crypto {
namespace {

std::string hex(const Digest& digest) { return hex_encode(digest); }

TEST(Sha256, AnswersTheKnownDigests) {  // FIPS 180-4 examples.
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, IsTheSameOnEveryThread) {
  std::vector<Digest> found(4);
  {
    std::vector<std::jthread> threads;
    for (auto& digest : found) {
      threads.emplace_back([&digest] {
        for (int i = 0; i < 1000; ++i) digest = sha256("abc");
      });
    }
  }
  for (const auto& digest : found) EXPECT_EQ(digest, sha256("abc"));
}

TEST(HmacSha256, AnswersTheKnownCodes) {  // RFC 4231 §4.2, §4.3, §4.7.
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                            "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesAnEmptyKeyRatherThanTheOneBefore) {
  hmac_sha256("another key", "text");
  EXPECT_EQ(hex(hmac_sha256("", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(ConstantTimeEqual, ComparesWholeValues) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("token", "token"));
  EXPECT_FALSE(constant_time_equal("token", "tokem"));
  EXPECT_FALSE(constant_time_equal("token", "xoken"));
  EXPECT_FALSE(constant_time_equal("token", "toke"));
  EXPECT_FALSE(constant_time_equal("", "t"));
}

}  // namespace
}  // namespace molecule::crypto
