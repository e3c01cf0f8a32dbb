#include "agent/talk.h"

#include <csignal>
#include <cstdlib>
#include <vector>

#include <gtest/gtest.h>

#include "platform/process/strays.h"

namespace molecule::agent {
namespace {

using namespace std::chrono_literals;

process::Program shell(std::string script) {
  process::Program program;
  program.arguments = {"/bin/sh", "-c", std::move(script)};
  return program;
}

std::vector<pid_t> left;  // What a program has told to have started.

// Runs `story` with a program, and closes it.
template <class Story>
void with(std::string script, Story story) {
  io::Loop loop;
  auto body = [](io::Loop& on, std::string of, Story tell) -> io::Task<void> {
    Talk talk(on, shell(std::move(of)));
    co_await tell(talk);
    co_await talk.close(0ms);
  };
  io::run(loop, io::within(30s, body(loop, std::move(script), std::move(story))));
}

TEST(Talk, TakesLinesThatAreMessagesAndSkipsTheRest) {
  with("echo banner; echo '{\"a\":1}'; echo; printf '{\"b\":2}\\r\\n'; printf '{\"last\":3}'",
       [](Talk& talk) -> io::Task<void> {
         auto first = co_await talk.line();
         EXPECT_EQ(first, "{\"a\":1}");
         auto second = co_await talk.line();
         EXPECT_EQ(second, "{\"b\":2}");
         auto third = co_await talk.line();
         EXPECT_EQ(third, "{\"last\":3}");
         auto none = co_await talk.line();
         EXPECT_EQ(none, std::nullopt);
       });
}

TEST(Talk, SkipsALineThatIsTooLong) {
  with("printf '{'; head -c 9000000 /dev/zero | tr '\\0' x; echo; echo '{\"after\":1}'",
       [](Talk& talk) -> io::Task<void> {
         auto line = co_await talk.line();
         EXPECT_EQ(line, "{\"after\":1}");
       });
}

TEST(Talk, SendsMoreThanAPipeHoldsWhileNobodyReads) {
  with("sleep 0.1; wc -c; echo done >&2", [](Talk& talk) -> io::Task<void> {
    talk.send(std::string(1 << 20, 'x'));
    talk.end_input();
    auto told = co_await talk.some();
    EXPECT_TRUE(told && told->find("1048577") != std::string::npos) << told.value_or("");
    auto end = co_await talk.some();
    EXPECT_EQ(end, std::nullopt);
    auto status = co_await talk.status(5s);
    EXPECT_EQ(status, 0);
    std::string words = co_await talk.last_words();
    EXPECT_NE(words.find("done"), std::string::npos) << words;
  });
}

TEST(Talk, DoesNotWaitForWhatAProgramLeavesBehind) {
  with("sleep 60 & echo '{}'", [](Talk& talk) -> io::Task<void> {
    auto line = co_await talk.line();
    EXPECT_TRUE(line);
    auto none = co_await talk.line();
    EXPECT_EQ(none, std::nullopt);
    EXPECT_FALSE(talk.late());
    EXPECT_TRUE(talk.ended());
  });
}

TEST(Talk, LeavesNothingBehindThatHasLeftItsGroup) {
  left.clear();
  process::adopt_strays();
  // One whose parent lives, and one whose parent is gone: each tells its number.
  with(
      "setsid sleep 600 & echo \"{\\\"pid\\\":$!}\"; (setsid sh -c 'echo \"{\\\"pid\\\":$$}\"; exec sleep 600' &); cat",
      [](Talk& talk) -> io::Task<void> {
        for (int i = 0; i < 2; ++i) {
          auto line = co_await talk.line();
          EXPECT_TRUE(line);
          if (line) left.push_back(std::atoi(line->c_str() + line->find(':') + 1));
        }
      });
  ASSERT_EQ(left.size(), 2u);
  for (const pid_t each : left) EXPECT_EQ(::kill(each, 0), -1) << each;
}

TEST(Talk, NoticesEveryEndAtOnce) {
  for (int i = 0; i < 200; ++i) {
    with("echo '{}'", [i](Talk& talk) -> io::Task<void> {
      talk.end_input();
      auto line = co_await talk.line();
      EXPECT_TRUE(line);
      auto none = co_await talk.line();
      EXPECT_EQ(none, std::nullopt);
      auto status = co_await talk.status(10s);
      EXPECT_EQ(status, 0) << i;
    });
  }
}

TEST(Talk, HidesASecretBeforeItCutsWhatWasSaid) {
  const std::string secret = std::string(600, 'a') + std::string(600, 'b');
  io::Loop loop;
  auto body = [](io::Loop& on, std::string of) -> io::Task<void> {
    const auto redactor = std::make_shared<const Redactor>(std::vector<Secret>{Secret(of)});
    Talk talk(on, shell("echo \"before " + of + "\" >&2; exit 3"), redactor);
    auto none = co_await talk.line();
    EXPECT_EQ(none, std::nullopt);
    const std::string words = co_await talk.last_words();
    EXPECT_EQ(words, "it ended with status 3 after it had said: before [redacted]");
    co_await talk.close(0ms);
  };
  io::run(loop, io::within(30s, body(loop, secret)));
}

TEST(Talk, GivesUpWhenItsTimeHasCome) {
  with("sleep 60", [](Talk& talk) -> io::Task<void> {
    talk.limit(100ms);
    auto none = co_await talk.line();
    EXPECT_EQ(none, std::nullopt);
    EXPECT_TRUE(talk.late());
    talk.send("what nobody reads");
    talk.kill();
    auto status = co_await talk.status(5s);
    EXPECT_EQ(status, 128 + 9);
  });
}

TEST(Talk, WritesToAProgramThatHasGoneWithoutHarm) {
  with("exit 0", [](Talk& talk) -> io::Task<void> {
    auto none = co_await talk.line();
    EXPECT_EQ(none, std::nullopt);
    talk.send("nobody is there");
    co_await io::sleep(50ms);
  });
}

}  // namespace
}  // namespace molecule::agent
