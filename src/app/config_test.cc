#include "app/config.h"

#include <fstream>

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

TEST(Config, BeginningAnewIsForOneStart) {
  const std::string file = testing::TempDir() + "/begin_anew.conf";
  std::ofstream(file) << "begin-anew = true\n";
  EXPECT_THROW(Config::load({{"data", "/nowhere"}}, file), Fault);
  EXPECT_TRUE(Config::load({{"data", "/nowhere"}, {"begin-anew", "true"}}, std::nullopt)
                  .flag("begin-anew"));
}

std::string refusal(std::map<std::string, std::string> flags) {
  flags["data"] = "/nowhere";
  try {
    Config::load(flags, std::nullopt);
    return "accepted";
  } catch (const Fault& fault) {
    return fault.text();
  }
}

TEST(Config, EveryNumberHasARangeThatIsSaidAndKept) {
  for (const Setting& setting : settings) {
    if (setting.form != Setting::Form::number) continue;
    std::string name(setting.name);
    EXPECT_LT(setting.least, setting.most) << name;
    EXPECT_FALSE(setting.unit.empty()) << name;
    auto with = [&](std::string value) { return refusal({{name, std::move(value)}}); };
    EXPECT_EQ(with(std::to_string(setting.least)), "accepted") << name;
    EXPECT_EQ(with(std::to_string(setting.most)), "accepted") << name;
    for (std::string bad :
         {std::to_string(setting.least - 1), std::to_string(setting.most + 1),
          std::string("999999999999"), std::string("99999999999999999999"), std::string("7d"),
          std::string("7 "), std::string("+7"), std::string("0x7"), std::string("1e1"),
          std::string("nan"), std::string("")}) {
      std::string said = with(bad);
      EXPECT_NE(said.find(range_text(setting)), std::string::npos)
          << name << "=" << bad << ": " << said;
    }
  }
  EXPECT_NE(refusal({{"log-retention-days", "999999999"}}).find("1 to 3650 days"),
            std::string::npos);
}

TEST(Config, AValueWithoutSenseIsRefused) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> senseless{
      {"platform-url",
       {"javascript:alert(1)", "file:///etc", "example", "https://", "http://u:p@h", "http://h/?a",
        "https://h/#x", "ftp://h"}},
      {"cors-origins",
       {"*", "null", "javascript:1", "canvas.example", "https://a.example/path",
        "https://a.example,", ",", " , ", "https://a.example,*"}},
      {"hosts",
       {"*", "a/b", "https://a.example", "a.example:80", "a b", "-a", "a..b", ",", "a,,b"}},
      {"trusted-proxies",
       {"10.0.0.1/8", "10.0.0.0/33", "proxy", "*", "10.0.0.0/8,", "0.0.0.0/0", "::/0",
        "10.0.0.0/8, ::/0", "0.0.0.0/1,128.0.0.0/1", "::/1, 8000::/1", "::ffff:0:0/96"}},
      {"dial-allow", {"http://a", "a/b", "10.0.0.1/8", "*", ",", "a b"}},
      {"listen",
       {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1:80x", "::1:80", "[::1]", "[x]:80", "a/b:80", "127.0.0.1: 80"}},
      {"log-level", {"", "loud", "INFO", "info ", "info warn"}},
      {"log-format", {"", "xml", "json text"}},
      {"dev", {"", "yes", "1"}},
  };
  for (const auto& [name, values] : senseless) {
    for (const std::string& value : values) {
      std::string said = refusal({{name, value}});
      EXPECT_EQ(said.find(name + ": "), 0U) << name << "=" << value << ": " << said;
    }
  }
  const std::vector<std::pair<std::string, std::vector<std::string>>> sound{
      {"platform-url", {"", "https://mol.example", "http://192.0.2.1:8080/mol/"}},
      {"cors-origins", {"", "https://a.example", "http://localhost:5173, https://b.example/"}},
      {"hosts", {"", "mol.example", "a.example, my_host", "192.0.2.1"}},
      {"trusted-proxies", {"", "10.0.0.0/8,::1", "192.0.2.7", "fc00::/7", "172.16.0.0/12"}},
      {"dial-allow", {"", "10.0.0.0/8, agents.internal", "fd00::/8"}},
      {"listen", {"127.0.0.1:0", "[::1]:8080", "0.0.0.0:65535", "localhost:1"}},
  };
  for (const auto& [name, values] : sound) {
    for (const std::string& value : values)
      EXPECT_EQ(refusal({{name, value}}), "accepted") << name << "=" << value;
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
