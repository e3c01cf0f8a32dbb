#include "server/provision/last_words.h"

#include <gtest/gtest.h>

namespace molecule::provision {
namespace {

TEST(LastWords, AreThoseOfTheProcessThatEndedAlone) {
  EXPECT_EQ(
      LastWords::of("T1 of the first\nT2 -- ended with status 1\n"
                    "T3 -- started, process 7\nT4 of the second\nT5 -- ended with status 2\n"),
      "of the second");
  EXPECT_EQ(LastWords::of("T1 of the first\nT3 -- started, process 7\nT5 -- ended with status 2\n"),
            "");
  // A program says no such word itself: the log puts a sign before it.
  EXPECT_EQ(LastWords::of("T1 before\nT2 > -- started, process 1\n"),
            "before\n> -- started, process 1");
}

TEST(LastWords, AreTheLastOfMany) {
  EXPECT_EQ(LastWords::of("T a\nT b\nT c\nT d\nT e\nT -- ended with status 1\n"), "b\nc\nd\ne");
  EXPECT_EQ(LastWords::of("T " + std::string(2000, 'x')).size(),
            LastWords::bytes_max + std::string_view("…").size());
}

TEST(LastWords, OfAStructuredLineAreItsMessage) {
  EXPECT_EQ(
      LastWords::of(R"(T {"level":"error","message":"it cannot be","error":"no such key","n":1})"),
      "it cannot be: no such key");
  EXPECT_EQ(LastWords::of(R"(T {"level":"info","message":"leaving"})"), "leaving");
  EXPECT_EQ(LastWords::of(R"(T {"level":"info"})"), R"({"level":"info"})");
  EXPECT_EQ(LastWords::of(R"(T {"message":"cut)"), R"({"message":"cut)");
}

}  // namespace
}  // namespace molecule::provision
