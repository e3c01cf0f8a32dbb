#include "wire/a2a/version.h"

#include <gtest/gtest.h>

namespace molecule::a2a {
namespace {

TEST(Version, APatchNumberSaysNothing) {
  EXPECT_EQ(version_of("1.0"), Generation::v10);
  EXPECT_EQ(version_of("1.0.1"), Generation::v10);
  EXPECT_EQ(version_of("0.3"), Generation::v03);
  EXPECT_EQ(version_of("0.3.0"), Generation::v03);
}

TEST(Version, WhatIsNoneOfOursIsNone) {
  for (std::string_view text : {"", "1", "1.", ".", ".3", "1.1", "10.0", "1.00", "01.0", "0.2",
                                "2.0", "1.0-beta", "v1.0", "1..0", "1.0.", " 1.0", "1.0 "})
    EXPECT_FALSE(version_of(text)) << text;
}

TEST(Version, WhatIsNotSpokenIsRefusedWithWhatIs) {
  require_version(std::nullopt, rest_versions);
  require_version("", rest_versions);
  require_version("1.0.7", rest_versions);
  require_version("0.3", rpc_versions);
  try {
    require_version("2.0", rpc_versions);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), "version_not_supported");
    EXPECT_EQ(fault.text(), "A2A 2.0 is not spoken here; spoken: 1.0, 0.3");
    EXPECT_EQ(fault.members(), R"("supportedVersions":"1.0, 0.3")");
  }
  EXPECT_THROW(require_version("0.3", rest_versions), Fault);
  EXPECT_THROW(require_version("1.0, 0.3", rpc_versions), Fault);
}

}  // namespace
}  // namespace molecule::a2a
