#include "wire/a2a/trace.h"

#include <string>

#include <gtest/gtest.h>

namespace molecule::a2a {
namespace {

constexpr std::string_view parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(Trace, WhatIsOneIsKeptAsItIs) {
  for (std::string_view state : {"", "a=1", "congo=t61rcWkgMzE,rojo@x=00f0", "a=1,,b= x y , c=2"}) {
    const Trace trace = trace_of(parent, state);
    EXPECT_EQ(trace.parent, parent);
    EXPECT_EQ(trace.state, state);
  }
  const std::string later = "cc" + std::string(parent.substr(2)) + "-what-comes";
  EXPECT_EQ(trace_of(later, "").parent, later);
}

TEST(Trace, WhatIsNoneIsNotPassedOn) {
  const std::string good(parent);
  for (const std::string& bad :
       {std::string(), good + "-more", good.substr(1), "ff" + good.substr(2), good + "x",
        "00-" + std::string(32, '0') + good.substr(35),
        good.substr(0, 36) + std::string(16, '0') + "-01",
        std::string("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"),
        "cc" + good.substr(2) + ".", "cc" + good.substr(2) + "-" + std::string(trace_max, 'x'),
        "cc" + good.substr(2) + "-a\r\nb"})
    EXPECT_EQ(trace_of(bad, "a=1").parent + trace_of(bad, "a=1").state, "") << bad;
  for (const std::string& bad :
       {std::string("a"), std::string("A=1"), std::string("a=1,a=2"), std::string("a=\x01"),
        std::string("a=b=c"), std::string("a="), "a=" + std::string(257, 'x'), std::string(",")}) {
    EXPECT_EQ(trace_of(parent, bad).parent, parent);
    EXPECT_EQ(trace_of(parent, bad).state, "") << bad;
  }
  std::string many;
  for (int i = 0; i < 33; ++i) many += "k" + std::to_string(i) + "=1,";
  EXPECT_EQ(trace_of(parent, many).state, "");
}

}  // namespace
}  // namespace molecule::a2a
