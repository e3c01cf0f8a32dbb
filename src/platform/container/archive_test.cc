// Archives are compared with what tar itself makes of them in the tests with real engines.
#include "platform/container/archive.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace molecule::container {
namespace {

TEST(ContainerArchive, GivesBackTheFileThatWasPut) {
  std::string bytes = Archive(1000).file("config/.auth_token", 0600, "a token").take();
  EXPECT_EQ(bytes.size() % 512, 0u);
  EXPECT_EQ(first_file(bytes), "a token");
  EXPECT_EQ(bytes.substr(0, 18), "config/.auth_token");
  EXPECT_EQ(bytes.substr(108, 7), "0001750");
  EXPECT_EQ(bytes.substr(257, 8), std::string("ustar\00000", 8));
}

TEST(ContainerArchive, FillsABlockExactlyOrNotAtAll) {
  for (const std::size_t size : {0u, 1u, 511u, 512u, 513u}) {
    const std::string text(size, 'x');
    EXPECT_EQ(first_file(Archive(1).file("f", 0644, text).take()), text);
  }
}

TEST(ContainerArchive, HasAPlaceForDirectories) {
  EXPECT_EQ(first_file(Archive(1).directory("config", 0700).take()), std::nullopt);
}

TEST(ContainerArchive, ReadsNothingFromWhatIsNone) {
  const std::string whole = Archive(1).file("f", 0600, std::string(600, 'x')).take();
  EXPECT_EQ(first_file(""), std::nullopt);
  EXPECT_EQ(first_file(std::string(5000, '\0')), std::nullopt);
  EXPECT_EQ(first_file(whole.substr(0, 900)), std::nullopt);
  for (std::size_t at : {0u, 124u, 150u, 156u}) {
    std::string broken = whole;
    broken[at] = '9';
    EXPECT_EQ(first_file(broken), std::nullopt) << at;
  }
}

TEST(ContainerArchive, RefusesANameThatWouldBeCut) {
  EXPECT_THROW(Archive(1).file(std::string(101, 'n'), 0600, ""), Fault);
}

}  // namespace
}  // namespace molecule::container
