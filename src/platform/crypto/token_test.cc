#include "platform/crypto/token.h"

#include <numeric>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace molecule::crypto {
namespace {

struct Counting {
  std::uint8_t next = 0;
  void fill(std::span<std::uint8_t> bytes) {
    for (auto& byte : bytes) byte = next++;
  }
};

TEST(Token, HasTheDocumentedText) {
  Counting random;
  Secret token = make_token(random);
  EXPECT_EQ(token.reveal(),
            std::string(token_prefix) + "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh82fQfIp");
  EXPECT_EQ(token.reveal().size(), token_size);
  EXPECT_TRUE(looks_like_token(token.reveal()));
}

TEST(Token, IsNeverTheSameTwice) {
  Counting random;
  std::set<std::string> seen;
  for (int i = 0; i < 8; ++i)
    EXPECT_TRUE(seen.insert(std::string(make_token(random).reveal())).second);
}

TEST(Token, NoticesEveryWrongCharacter) {
  Counting random;
  Secret token = make_token(random);
  std::string text(token.reveal());
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (char other : {'A', 'z', '0', '-', '_', '+', ' ', '\0'}) {
      if (text[i] == other) continue;
      std::string changed = text;
      changed[i] = other;
      EXPECT_FALSE(looks_like_token(changed)) << i << " as " << other;
    }
  }
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == text[i + 1]) continue;
    std::string swapped = text;
    std::swap(swapped[i], swapped[i + 1]);
    EXPECT_FALSE(looks_like_token(swapped)) << i;
  }
}

TEST(Token, NoticesEveryWrongLength) {
  Counting random;
  Secret token = make_token(random);
  std::string text(token.reveal());
  EXPECT_FALSE(looks_like_token(""));
  EXPECT_FALSE(looks_like_token(text + "a"));
  EXPECT_FALSE(looks_like_token("a" + text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(looks_like_token(std::string_view(text).substr(0, size)));
  }
}

TEST(Token, IsKeptAsItsDigest) { EXPECT_EQ(token_digest("abc"), sha256("abc")); }

}  // namespace
}  // namespace molecule::crypto
