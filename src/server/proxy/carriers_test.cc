#include "server/proxy/carriers.h"

#include <memory>

#include <gtest/gtest.h>

namespace molecule::proxy {
namespace {

TEST(Carriers, AMessageIsCarriedAsLongAsAnybodyHoldsIt) {
  Carriers carriers;
  const messages::Lease lease{7, 1};
  EXPECT_FALSE(carriers.carry(lease));
  auto first = std::make_unique<Carriers::Hold>(carriers, lease);
  auto second = std::make_unique<Carriers::Hold>(carriers, lease);
  first.reset();
  EXPECT_TRUE(carriers.carry(lease)) << "who keeps the result goes on";
  second.reset();
  EXPECT_FALSE(carriers.carry(lease));
}

TEST(Carriers, AnEarlierLeaseEndsNothing) {
  Carriers carriers;
  auto stale = std::make_unique<Carriers::Hold>(carriers, messages::Lease{7, 1});
  Carriers::Hold now(carriers, messages::Lease{7, 3});
  EXPECT_FALSE(carriers.carry({7, 1}));
  stale.reset();
  EXPECT_TRUE(carriers.carry({7, 3}));
}

}  // namespace
}  // namespace molecule::proxy
