#include "agent/redactor.h"

#include <gtest/gtest.h>

namespace molecule::agent {
namespace {

Redactor of(std::vector<std::string> texts) {
  std::vector<Secret> secrets;
  for (std::string& each : texts) secrets.emplace_back(std::move(each));
  return Redactor(secrets);
}

TEST(Redactor, HidesSecretsAndTheLinesOfThem) {
  const Redactor redacted =
      of({"rain-and-sunshine", "BEGIN\nfirst-line-of-it\r\nsecond-line-of-it\n", "short"});
  EXPECT_EQ(redacted("a rain-and-sunshine b"), "a [redacted] b");
  EXPECT_EQ(redacted("x second-line-of-it y first-line-of-it"), "x [redacted] y [redacted]");
  EXPECT_EQ(redacted("BEGIN short"), "BEGIN short");
  EXPECT_EQ(redacted(""), "");
}

TEST(Redactor, HidesWhatACutHasLeftOfASecret) {
  const Redactor redacted = of({"rain-and-sunshine"});
  EXPECT_EQ(redacted("no such key: rain-and-su"), "no such key: [redacted]");
  EXPECT_EQ(redacted("-sunshine is no key"), "[redacted] is no key");
  EXPECT_EQ(redacted("rain-and-sunshine"), "[redacted]");
  EXPECT_EQ(redacted("rain-and"), "[redacted]");
  EXPECT_EQ(redacted("rain-an"), "rain-an");
}

TEST(Redactor, HidesWhatLooksLikeACredential) {
  const std::string key = "sk-" + std::string(24, 'x');
  EXPECT_EQ(Redactor()("with " + key + " at the end"), "with sk-[redacted] at the end");
}

}  // namespace
}  // namespace molecule::agent
