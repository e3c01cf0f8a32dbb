#include "platform/crypto/encoding.h"

#include <gtest/gtest.h>

namespace molecule::crypto {
namespace {

TEST(Base64, AnswersTheKnownTexts) {  // RFC 4648 §10.
  const std::pair<std::string_view, std::string_view> known[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (auto [plain, text] : known) {
    EXPECT_EQ(base64_encode(bytes_of(plain)), text);
    auto back = base64_decode(text);
    ASSERT_TRUE(back.has_value()) << text;
    EXPECT_EQ(text_of(*back), plain);
    std::string bare(text.substr(0, text.find('=')));
    EXPECT_EQ(base64url_encode(bytes_of(plain)), bare);
    auto back_url = base64url_decode(bare);
    ASSERT_TRUE(back_url.has_value()) << bare;
    EXPECT_EQ(text_of(*back_url), plain);
  }
}

TEST(Base64, UsesTheRightLastTwoLetters) {
  const std::uint8_t high[] = {0xfb, 0xff, 0xfe};
  EXPECT_EQ(base64_encode(high), "+//+");
  EXPECT_EQ(base64url_encode(high), "-__-");
  EXPECT_FALSE(base64_decode("-__-").has_value());
  EXPECT_FALSE(base64url_decode("+//+").has_value());
}

TEST(Base64, RefusesEverySecondSpelling) {
  for (auto text : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z===", "====", "=", "Zm9v\n", " Zm9v",
                    "Zm 9v", "Zg==Zg==", "Zm9v====", "Z*==", "Zm\xc3\xa9v"}) {
    EXPECT_FALSE(base64_decode(text).has_value()) << text;
  }
  for (auto text : {"Z", "Zh", "Zg==", "Zm9", "Zm9vY", "Zm9v\n", "Zm.v"}) {
    EXPECT_FALSE(base64url_decode(text).has_value()) << text;
  }
}

TEST(Base64, RoundTripsEveryLength) {
  std::vector<std::uint8_t> data;
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(data)), data);
    EXPECT_EQ(base64url_decode(base64url_encode(data)), data);
    EXPECT_EQ(hex_decode(hex_encode(data)), data);
    data.push_back(static_cast<std::uint8_t>(i * 37));
  }
}

TEST(Hex, ReadsEitherCaseAndWritesLower) {
  auto data = hex_decode("00fFAb");
  ASSERT_TRUE(data.has_value());
  EXPECT_EQ(hex_encode(*data), "00ffab");
  for (auto text : {"0", "0g", "0x", " 00", "000"})
    EXPECT_FALSE(hex_decode(text).has_value()) << text;
}

}  // namespace
}  // namespace molecule::crypto
