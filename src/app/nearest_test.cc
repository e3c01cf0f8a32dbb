#include "app/nearest.h"

#include <gtest/gtest.h>

namespace molecule::app {
namespace {

const std::vector<std::string> verbs{"serve", "admin", "config", "reference"};
const std::vector<std::string> flags{"listen", "data", "dev", "demo", "log-level", "log-format"};

TEST(Nearest, SlipsAreUnderstood) {
  EXPECT_EQ(nearest("sevre", verbs), "serve");
  EXPECT_EQ(nearest("srve", verbs), "serve");
  EXPECT_EQ(nearest("Serve", verbs), "serve");
  EXPECT_EQ(nearest("conf", verbs), "config");
  EXPECT_EQ(nearest("lisen", flags), "listen");
  EXPECT_EQ(nearest("data_dir", flags), "data");
  EXPECT_EQ(nearest("log_level", flags), "log-level");
  EXPECT_EQ(nearest("log-fromat", flags), "log-format");
}

TEST(Nearest, WhatIsFarFromEverythingIsNotGuessed) {
  EXPECT_EQ(nearest("frobnicate", verbs), std::nullopt);
  EXPECT_EQ(nearest("x", verbs), std::nullopt);
  EXPECT_EQ(nearest("", verbs), std::nullopt);
  EXPECT_EQ(nearest(std::string(5000, 's'), verbs), std::nullopt);
  EXPECT_EQ(nearest("serve", {}), std::nullopt);
}

TEST(Nearest, ASuggestionIsTheEndOfASentence) {
  EXPECT_EQ(suggestion("lisen", flags, "--"), "; did you mean --listen?");
  EXPECT_EQ(suggestion("frobnicate", flags, "--"), "");
}

}  // namespace
}  // namespace molecule::app
