#include <gtest/gtest.h>

#include "base/fields.h"
#include "base/id.h"
#include "base/instant.h"

namespace molecule {
namespace {

TEST(Id, ReadsAnyCaseAndWritesLowerCase) {
  auto id = WorkspaceId::parse("0A1B2C3D-4E5F-6071-8293-a4b5c6d7e8f9");
  ASSERT_TRUE(id.has_value());
  EXPECT_EQ(id->text(), "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9");
}

TEST(Id, RefusesEverythingThatIsNotAUuid) {
  for (auto text : {"", "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f",
                    "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8fg", "{a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
                    "0a1b2c3d-4e5f-6071-8293_a4b5c6d7e8f9"}) {
    EXPECT_FALSE(WorkspaceId::parse(text).has_value()) << text;
  }
}

TEST(Instant, RoundTripsThroughText) {
  auto at = Instant::parse("2026-02-28T23:59:59.123456Z");
  ASSERT_TRUE(at.has_value());
  EXPECT_EQ(at->text(), "2026-02-28T23:59:59.123456Z");
}

TEST(Instant, ReadsOffsetsAndNanoseconds) {
  auto at = Instant::parse("2026-01-01T02:00:00.000000999+02:00");
  ASSERT_TRUE(at.has_value());
  EXPECT_EQ(at->text(), "2026-01-01T00:00:00.000000Z");
}

TEST(Instant, RefusesImpossibleDatesAndTrailingText) {
  for (auto text : {"2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00",
                    "2026-01-01T24:00:00Z", "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00.Z"}) {
    EXPECT_FALSE(Instant::parse(text).has_value()) << text;
  }
}

enum class Colour { red, green };
BOOST_DESCRIBE_ENUM(Colour, red, green)

TEST(Fields, EnumsAreSpelledAsDeclared) {
  EXPECT_EQ(enum_text(Colour::green), "green");
  EXPECT_EQ(enum_from<Colour>("red"), Colour::red);
  EXPECT_FALSE(enum_from<Colour>("blue").has_value());
}

}  // namespace
}  // namespace molecule
