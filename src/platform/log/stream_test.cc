#include "platform/log/stream.h"

#include <array>
#include <csignal>
#include <cstdlib>
#include <memory>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace molecule::log {
namespace {

using namespace std::chrono_literals;

// A pipe whose reader reads when it is told to.
class StreamTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::pipe2(ends_.data(), O_CLOEXEC), 0);
    stream = std::make_unique<Stream>(ends_[1]);
    start(Level::info, stream.get());
  }
  void TearDown() override {
    stop();
    stream.reset();
    for (int end : ends_) {
      if (end >= 0) ::close(end);
    }
  }
  void reader_leaves() {
    ::close(ends_[0]);
    ends_[0] = -1;
  }
  // Reads until `enough` stands in what was read, or nothing came for a while.
  std::string read_until(std::string_view enough) {
    std::string text;
    while (text.find(enough) == std::string::npos) {
      pollfd ready{ends_[0], POLLIN, 0};
      if (::poll(&ready, 1, 5000) <= 0) break;
      std::array<char, 65536> piece{};
      const ssize_t got = ::read(ends_[0], piece.data(), piece.size());
      if (got <= 0) break;
      text.append(piece.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

  std::unique_ptr<Stream> stream;

 private:
  std::array<int, 2> ends_{-1, -1};
};

TEST_F(StreamTest, ALineIsThereAtOnce) {
  info("hello", field("n", 1));
  EXPECT_NE(read_until("\n").find(R"("message":"hello","n":1)"), std::string::npos);
  EXPECT_EQ(dropped(), 0u);
}

TEST_F(StreamTest, NobodyWaitsForAReaderThatStopped) {
  constexpr int lines = 20'000;
  const std::string filler(400, 'x');
  const auto began = std::chrono::steady_clock::now();
  for (int n = 0; n < lines; ++n) info("line", field("n", n), field("filler", filler));
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s) << "a full pipe would be for ever";
  const std::uint64_t lost = dropped();
  EXPECT_GT(lost, 0u);
  EXPECT_LT(lost, static_cast<std::uint64_t>(lines));

  // What was not lost is whole and in order, and then how much was is told.
  const std::string text = read_until("were dropped");
  int expected = 0;
  std::size_t at = 0;
  for (;; ++expected) {
    const std::string next = "\"n\":" + std::to_string(expected) + ',';
    const std::size_t found = text.find(next, at);
    if (found == std::string::npos) break;
    EXPECT_EQ(text.find('\n', at), found + next.size() + filler.size() + 12) << expected;
    at = text.find('\n', at) + 1;
  }
  EXPECT_EQ(static_cast<std::uint64_t>(expected), lines - lost);
  EXPECT_NE(text.find("\"lines\":" + std::to_string(lost)), std::string::npos) << text.substr(at);
  info("afterwards");
  EXPECT_NE(read_until("afterwards").find("afterwards"), std::string::npos);
  EXPECT_EQ(dropped(), lost);
}

TEST_F(StreamTest, ItEndsAlsoWhenNobodyReads) {
  for (int n = 0; n < 5000; ++n) info("line", field("filler", std::string(400, 'x')));
  const auto began = std::chrono::steady_clock::now();
  stop();
  stream.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, Stream::patience + 10s);
}

TEST_F(StreamTest, NobodyWaitsForATerminalThatStopped) {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(master, 0);
  ASSERT_EQ(::grantpt(master) + ::unlockpt(master), 0);
  const int terminal = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(terminal, 0);
  {
    Stream shown(terminal);
    start(Level::info, &shown);
    const auto began = std::chrono::steady_clock::now();
    for (int n = 0; n < 20'000; ++n) info("line", field("filler", std::string(400, 'x')));
    EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
    EXPECT_GT(dropped(), 0u);
    stop();
  }
  ::close(terminal);
  ::close(master);
}

TEST_F(StreamTest, ASocketIsWrittenTo) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  {
    Stream journal(pair[1]);
    start(Level::info, &journal);
    info("to a journal");
    for (int n = 0; n < 20'000; ++n) info("line", field("filler", std::string(400, 'x')));
    EXPECT_GT(dropped(), 0u);
    stop();
  }
  std::array<char, 512> piece{};
  EXPECT_GT(::read(pair[0], piece.data(), piece.size()), 0);
  EXPECT_NE(std::string_view(piece.data(), piece.size()).find("to a journal"),
            std::string_view::npos);
  for (int end : pair) ::close(end);
}

TEST_F(StreamTest, AReaderThatLeavesAFullPipeEndsTheWaiting) {
  ::signal(SIGPIPE, SIG_IGN);
  for (int n = 0; n < 1000; ++n) info("line", field("filler", std::string(400, 'x')));
  reader_leaves();
  const auto began = std::chrono::steady_clock::now();
  stop();
  stream.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 400ms) << "there is nobody to wait for";
}

TEST_F(StreamTest, AReaderThatLeftCostsNothing) {
  ::signal(SIGPIPE, SIG_IGN);
  reader_leaves();
  for (int n = 0; n < 5000; ++n) info("line", field("filler", std::string(400, 'x')));
}

}  // namespace
}  // namespace molecule::log
