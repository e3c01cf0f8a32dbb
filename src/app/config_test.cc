#include "app/config.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "base/fault.h"

namespace molecule::app {
namespace {

TEST(Config, FlagWinsOverEnvironmentOverDefault) {
  ::setenv("RATE_LIMIT", "5", 1);
  Config config = Config::load({{"data", "/nowhere"}}, std::nullopt);
  EXPECT_EQ(config.number("rate-limit"), 5);
  EXPECT_EQ(config.value("rate-limit").origin, Origin::environment);
  config = Config::load({{"data", "/nowhere"}, {"rate-limit", "7"}}, std::nullopt);
  EXPECT_EQ(config.number("rate-limit"), 7);
  EXPECT_EQ(config.value("hops-max").origin, Origin::fallback);
  ::unsetenv("RATE_LIMIT");
}

TEST(Config, ReportsAllErrorsAtOnce) {
  try {
    Config::load({{"data", "/nowhere"}, {"rate-limit", "x"}, {"loops", "-1"}}, std::nullopt);
    FAIL();
  } catch (const Fault& fault) {
    EXPECT_NE(fault.text().find("rate-limit"), std::string::npos);
    EXPECT_NE(fault.text().find("loops"), std::string::npos);
  }
}

TEST(Config, FileLinesAreKeysAndValues) {
  std::vector<std::string> errors;
  auto values = parse_config_file(
      "# comment\nlisten = 127.0.0.1:1\n\nhosts=a, b\nnonsense\nwrong = 1\nlisten_at = 1\nlog_level = info\n",
      errors);
  EXPECT_EQ(values["listen"], "127.0.0.1:1");
  EXPECT_EQ(values["hosts"], "a, b");
  ASSERT_EQ(errors.size(), 4U);
  EXPECT_NE(errors[0].find("line 5"), std::string::npos);
  EXPECT_NE(errors[1].find("unknown key wrong"), std::string::npos);
  EXPECT_EQ(errors[1].find("did you mean"), std::string::npos);
  EXPECT_NE(errors[2].find("did you mean listen?"), std::string::npos);
  EXPECT_NE(errors[3].find("did you mean log-level?"), std::string::npos);
}

TEST(Config, TheDevProfileNeedsNoAdminToken) {
  ::setenv("MOLECULE_ENV", "development", 1);
  EXPECT_TRUE(Config::load({{"data", "/nowhere"}}, std::nullopt).flag("dev"));
  EXPECT_FALSE(
      Config::load({{"data", "/nowhere"}, {"admin-token", "x"}}, std::nullopt).flag("dev"));
  ::unsetenv("MOLECULE_ENV");
}

}  // namespace
}  // namespace molecule::app
