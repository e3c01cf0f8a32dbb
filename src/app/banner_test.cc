#include "app/banner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/system.h"
#include "platform/json/json.h"

namespace molecule::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

Told first_run() {
  Told told;
  told.url = told.public_url = "http://127.0.0.1:8080";
  told.claim_url = "http://127.0.0.1:8080/claim/mol_x";
  told.data = "./d";
  return told;
}

TEST(Banner, AFirstRunSaysWhereHowAndWhatNext) {
  const std::string text = banner(first_run(), Colours::no);
  EXPECT_THAT(text, AllOf(HasSubstr("Molecule " + std::string(version)),
                          HasSubstr("canvas    http://127.0.0.1:8080\n"),
                          HasSubstr("sign in   http://127.0.0.1:8080/claim/mol_x\n"),
                          HasSubstr("good once, within 30 minutes"), HasSubstr("data      ./d\n"),
                          HasSubstr("Next: open the sign-in link"), HasSubstr("Ctrl-C stops")));
  EXPECT_THAT(text, Not(HasSubstr("\033")));
}

TEST(Banner, BehindAProxyItShowsTheAddressPeopleUse) {
  Told told = first_run();
  told.public_url = "https://example.org/molecule";
  EXPECT_THAT(banner(told, Colours::no),
              AllOf(HasSubstr("canvas    https://example.org/molecule\n"),
                    HasSubstr("listens   http://127.0.0.1:8080\n")));
  const std::string line = ready_line(told, Instant::from_micros(1'700'000'000'000'000));
  EXPECT_THAT(line, AllOf(HasSubstr(R"("url":"http://127.0.0.1:8080")"),
                          HasSubstr(R"("public_url":"https://example.org/molecule")")));
  EXPECT_THAT(ready_line(first_run(), Instant::from_micros(0)), Not(HasSubstr("public_url")));
}

TEST(Banner, ALaterRunNamesTheCommandForALink) {
  Told told = first_run();
  told.claim_url.clear();
  EXPECT_THAT(banner(told, Colours::no),
              AllOf(HasSubstr("molecule admin claim --data ./d"), Not(HasSubstr("/claim/"))));
}

TEST(Banner, TheCommandForALinkCanBePasted) {
  EXPECT_EQ(claim_command("/var/lib/molecule"), "molecule admin claim --data /var/lib/molecule");
  EXPECT_EQ(claim_command("/srv/my data"), "molecule admin claim --data '/srv/my data'");
  EXPECT_EQ(claim_command("/it's $HOME"), R"(molecule admin claim --data '/it'\''s $HOME')");
}

TEST(Banner, TheDevProfileIsLoud) {
  Told told = first_run();
  told.claim_url.clear();
  told.dev = true;
  EXPECT_THAT(banner(told, Colours::no),
              AllOf(HasSubstr("DEV PROFILE"), HasSubstr("Never use it with real data"),
                    Not(HasSubstr("sign in"))));
}

TEST(Banner, ColoursMakeNoOtherText) {
  std::string text = banner(first_run(), Colours::yes);
  EXPECT_THAT(text, HasSubstr("\033[1m"));
  for (std::size_t at; (at = text.find('\033')) != std::string::npos;)
    text.erase(at, text.find('m', at) - at + 1);
  EXPECT_EQ(text, banner(first_run(), Colours::no));
}

TEST(Banner, AProgramGetsOneLineOfJson) {
  const std::string line = ready_line(first_run(), Instant::from_micros(1'700'000'000'000'000));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  json::Document read = json::Document::parse(line);
  EXPECT_EQ(read.root().find("message").string(), "ready");
  EXPECT_EQ(read.root().find("url").string(), "http://127.0.0.1:8080");
  EXPECT_EQ(read.root().find("claim_url").string(), "http://127.0.0.1:8080/claim/mol_x");
  EXPECT_EQ(read.root().find("claim_expires_in_seconds").integer(), 1800);
}

}  // namespace
}  // namespace molecule::app
