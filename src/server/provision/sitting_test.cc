// How long a terminal is open, how many are, and what ends one; with a link that a test holds.
#include "server/provision/sitting.h"

#include <array>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "platform/files/descriptor.h"
#include "platform/io/scope.h"
#include "platform/net/socket.h"

namespace molecule::provision {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// Somebody who says nothing and stays.
class Silent final : public http::WebSocket {
 public:
  io::Task<std::optional<http::Frame>> receive() override {
    for (;;) co_await never_.wait(1h);
  }
  io::Task<void> send(http::Frame::Opcode, std::string_view) override { co_return; }
  io::Task<void> send_raw(std::string_view) override { co_return; }
  io::Task<void> close(std::uint16_t, std::string_view) override { co_return; }

 private:
  io::Signal never_;
};

class SittingTest : public testing::Test {
 protected:
  SittingTest() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0)
      std::abort();
    link_ = net::Socket::adopt(loop_, ends[0], "link");
    program_ = files::Descriptor(ends[1]);
  }

  Sitting::Outcome run(const TerminalBounds& bounds, std::string_view why = {}) {
    Terminals terminals(bounds, registry_);
    Terminals::Seat seat(terminals, loop_, id_);
    Sitting sitting({socket_, *link_, clock_, terminals.bounds()}, {});
    if (!why.empty()) terminals.end(id_, why);
    return io::run(loop_, sitting.run(seat));
  }

  io::Loop loop_;
  io::SystemClock clock_;
  metrics::Registry registry_;
  Silent socket_;
  std::unique_ptr<net::Socket> link_;
  files::Descriptor program_;
  const WorkspaceId id_{IdBytes{1}};
};

TEST_F(SittingTest, EndsWhenNothingIsTypedAndNothingSaid) {
  TerminalBounds bounds;
  bounds.idle = 50ms;
  EXPECT_THAT(run(bounds).why, HasSubstr("nothing was typed and nothing said"));
}

TEST_F(SittingTest, EndsAfterItsLongestTime) {
  TerminalBounds bounds;
  bounds.longest = 50ms;
  EXPECT_THAT(run(bounds).why, HasSubstr("for as long as a terminal may be"));
}

TEST_F(SittingTest, EndsWhenItsSeatHasToBeLeft) {
  EXPECT_EQ(run({}, "the workspace was paused").why, "the workspace was paused");
}

TEST_F(SittingTest, TellsOfAProgramThatWasKilled) {
  program_ = files::Descriptor();
  const auto outcome = run({});
  EXPECT_EQ(outcome.why, "it was killed");
  EXPECT_FALSE(outcome.status);
}

TEST_F(SittingTest, HasTheStatusOfAProgramThatEnded) {
  std::string frames;
  sandbox::append_frame(frames, sandbox::LinkFrame::Kind::begun, R"({"applied":[],"missing":[]})");
  sandbox::append_frame(frames, sandbox::LinkFrame::Kind::finished, R"({"status":7,"reason":""})");
  ASSERT_EQ(::write(program_.get(), frames.data(), frames.size()),
            static_cast<ssize_t>(frames.size()));
  const auto outcome = run({});
  EXPECT_EQ(outcome.status, 7);
  EXPECT_EQ(outcome.why, "");
}

TEST_F(SittingTest, HasNoMoreSeatsThanMayBeTaken) {
  TerminalBounds bounds;
  bounds.of_workspace = 1;
  bounds.at_once = 2;
  Terminals terminals(bounds, registry_);
  const WorkspaceId other{IdBytes{2}};
  const WorkspaceId third{IdBytes{3}};
  {
    const Terminals::Seat one(terminals, loop_, id_);
    EXPECT_THROW(Terminals::Seat(terminals, loop_, id_), Fault);
    const Terminals::Seat two(terminals, loop_, other);
    EXPECT_THROW(Terminals::Seat(terminals, loop_, third), Fault);
  }
  const Terminals::Seat again(terminals, loop_, third);
  EXPECT_EQ(again.left(), "");
}

TEST(TerminalWords, AreToldFromWhatIsTyped) {
  EXPECT_EQ(word_of(R"({"type":"resize","cols":90,"rows":20})")->cols, 90);
  EXPECT_FALSE(word_of(R"({"type":"else"})"));
  EXPECT_FALSE(word_of("{ echo a; }"));
  EXPECT_FALSE(word_of("ls\n"));
}

}  // namespace
}  // namespace molecule::provision
