#include "server/attachments/slot.h"

#include <vector>

#include <gtest/gtest.h>

namespace molecule::attachments {
namespace {

WorkspaceId workspace(int n) {
  return *WorkspaceId::parse(fmt::format("11111111-2222-4333-8444-{:012}", n));
}

TEST(Slots, AreSharedAmongWorkspaces) {
  metrics::Registry registry;
  Slots slots({3, 2}, registry.gauge("slots", "Under way."));
  auto taken = [&](int n) {
    try {
      return std::optional(slots.take(workspace(n)));
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.code(), "overloaded");
      return std::optional<Slots::Slot>();
    }
  };
  auto one = taken(1);
  {
    auto other = taken(1);
    EXPECT_TRUE(one && other);
    EXPECT_FALSE(taken(1)) << "a workspace does not get all";
    EXPECT_TRUE(taken(2));
    auto last = taken(2);
    EXPECT_FALSE(taken(3)) << "there are no more";
    auto moved = std::move(last);
    EXPECT_FALSE(taken(3)) << "one that moved on is held";
  }
  EXPECT_TRUE(taken(1));
  EXPECT_TRUE(taken(3));
}

}  // namespace
}  // namespace molecule::attachments
