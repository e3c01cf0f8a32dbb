#include "platform/crypto/jws.h"

#include <gtest/gtest.h>

#include "platform/crypto/encoding.h"

namespace molecule::crypto {
namespace {

// RFC 8037, appendix A.4: key, header, payload and signature.
constexpr std::string_view seed_text = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
constexpr std::string_view header = R"({"alg":"EdDSA"})";
constexpr std::string_view payload = "Example of Ed25519 signing";
constexpr std::string_view signature =
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

SigningKey key() {
  const auto bytes = *base64url_decode(seed_text);
  return SigningKey(std::span<const std::uint8_t, 32>(bytes.data(), 32));
}

TEST(Jws, TheExampleOfItsRfc) {
  const DetachedJws jws = sign_detached(key(), header, payload);
  EXPECT_EQ(jws.header, "eyJhbGciOiJFZERTQSJ9");
  EXPECT_EQ(jws.signature, signature);
  EXPECT_EQ(sign_compact(key(), header, payload),
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc." + std::string(signature));
}

TEST(Jws, ItIsNoStatementOfOurs) {
  EXPECT_FALSE(statement({"eyJ"}).starts_with("eyJ"));
  EXPECT_FALSE(statement({}).starts_with("eyJ"));
}

}  // namespace
}  // namespace molecule::crypto
