#include "join/command_agent.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "platform/io/clock.h"

namespace molecule::join {
namespace {

using namespace std::chrono_literals;

class CommandAgentTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder = std::filesystem::temp_directory_path() /
             fmt::format("command_agent_{}", io::SystemRandom().number());
    std::filesystem::create_directories(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

 public:
  // Each run leaves a mark, and ends once it is let go.
  Command slow() const {
    Command command;
    command.arguments = {"/bin/sh", "-c",
                         fmt::format("echo run >> {0}/runs; while [ ! -e {0}/go ]; do sleep 0.02; "
                                     "done; echo done",
                                     folder.string())};
    command.hold = 50ms;
    command.hold_again = 10ms;
    return command;
  }
  void let_go() const { std::ofstream(folder / "go") << "go"; }
  std::size_t runs() const {
    std::ifstream file(folder / "runs");
    std::size_t count = 0;
    for (std::string line; std::getline(file, line);) ++count;
    return count;
  }
  static http::Request asking() {
    static constexpr std::string_view body =
        R"({"jsonrpc":"2.0","id":"1","method":"message/send","params":{"message":{"kind":"message","role":"user","messageId":"m1","parts":[{"kind":"text","text":"go"}]}}})";
    http::Request request;
    request.method = http::Method::post;
    request.path = "/";
    request.body = body;
    return request;
  }

  std::filesystem::path folder;
  io::Loop loop;
  io::SystemClock clock;
  io::SystemRandom random;
  metrics::Registry registry;
};

TEST_F(CommandAgentTest, ALongRunIsAskedForAgainUntilItHasEnded) {
  CommandAgent agent(loop, slow(), "slow", nullptr, clock, random, registry);
  auto story = [](const CommandAgentTest& here, CommandAgent& at) -> io::Task<void> {
    const http::Request request = asking();
    for (int times = 0; times < 4; ++times) {
      http::Response told = co_await at.answer({}, request);
      EXPECT_EQ(told.status, 503);
      const std::pair<std::string, std::string> says("X-Molecule-At-Work", "true");
      EXPECT_NE(std::ranges::find(told.headers, says), told.headers.end());
    }
    here.let_go();
    http::Response told = co_await at.answer({}, request);
    while (told.status == 503) {
      http::Response next = co_await at.answer({}, request);
      told = std::move(next);
    }
    EXPECT_EQ(told.status, 200);
    EXPECT_NE(told.body.find("done"), std::string::npos) << told.body;
    EXPECT_EQ(here.runs(), 1u);
    co_await at.stop();
  };
  io::run(loop, io::within(20s, story(*this, agent)));
}

}  // namespace
}  // namespace molecule::join
