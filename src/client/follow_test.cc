#include "client/follow.h"

#include <gmock/gmock.h>

#include "platform/http/client_fixture.h"

namespace molecule::client {
namespace {

using namespace std::chrono_literals;
using http::FrameSocket;
using http::ScriptedServer;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view some_id = "01890a5d-ac96-774b-bcce-b302099a8057";

std::string frame(std::int64_t seq, std::string_view type = "TASK_UPDATED",
                  bool transient = false) {
  return fmt::format(
      R"({{"event":"{}","workspace_id":"{}","timestamp":"2026-01-02T03:04:05Z","payload":{{"n":{}}},"seq":{}{}}})",
      type, some_id, seq, seq, transient ? R"(,"transient":true)" : "");
}

std::string hello(bool resumed, std::int64_t seq) {
  return fmt::format(R"({{"event":"HELLO","seq":{},"resumed":{},"payload":{{}}}})", seq, resumed);
}

// One connection of the platform: what it sends once the socket is open.
using Talk = std::function<io::Task<void>(FrameSocket&, std::string target)>;

io::Task<void> say(FrameSocket& socket, std::vector<std::string> frames) {
  for (const std::string& each : frames) co_await socket.send(http::Frame::Opcode::text, each);
}
io::Task<void> until_left(FrameSocket& socket) {
  for (;;) {
    auto frame = co_await socket.receive();
    if (!frame) co_return;
  }
}

// Plays a platform, one talk a connection, and a follower against it until the test has seen
// enough.
class Following : public ::testing::Test {
 protected:
  void run(std::vector<Talk> talks, std::function<bool()> enough,
           std::function<io::Task<bool>(ScriptedServer::Turn)> instead = {}) {
    auto script = [this, talks, instead](ScriptedServer::Turn turn) -> io::Task<bool> {
      if (instead) {
        const bool handled = co_await instead(turn);
        if (handled) co_return false;
      }
      const std::string& head = turn.request.head;
      const std::string target = head.substr(4, head.find(' ', 4) - 4);
      targets.push_back(target);
      heads.push_back(head);
      const auto key = http::header_in(head, "sec-websocket-key");
      co_await turn.stream.write(
          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
          "Connection: Upgrade\r\nSec-WebSocket-Accept: " +
          *http::websocket_accept(*key) + "\r\n\r\n");
      FrameSocket socket(turn.stream, FrameSocket::Side::server, {}, {});
      const std::size_t n = std::min(targets.size(), talks.size()) - 1;
      co_await talks[n](socket, target);
      co_return false;
    };
    auto main = [&]() -> io::Task<void> {
      ScriptedServer server(loop, script);
      {
        io::SystemClock clock;
        io::SystemRandom random;
        Platform platform(server.url(""), "", clock, random);
        Credential as(Secret("a-token"));
        FollowSettings settings;
        settings.first_wait = 5ms;
        settings.refused_wait = 5ms;
        Follower::Ears ears;
        ears.snapshot = [this]() -> io::Task<std::int64_t> {
          ++snapshots;
          if (snapshots <= failing) throw Fault(Kind::unavailable, "away", "not yet");
          co_return snapshot_seq;
        };
        ears.event = [this](const Event& event) {
          seen.push_back(event.seq);
          last = event;
          changed.notify();
        };
        ears.link = [this](Link link, const std::string& why) {
          links.push_back(link);
          troubles.push_back(why);
          changed.notify();
        };
        Follower follower(platform, as, std::move(ears), random, settings);
        at = &follower;
        io::Scope scope(loop, [](std::string_view, std::exception_ptr) {});
        scope.spawn("follow", follower.run());
        const auto by = clock.monotonic() + 10s;
        while (!enough()) {
          if (clock.monotonic() > by) {
            ADD_FAILURE() << "waited in vain";
            break;
          }
          co_await changed.wait(100ms);
        }
        scope.cancel();
        co_await scope.join();
        platform.close();
      }
      co_await server.stop();
    };
    io::run(loop, main());
  }

  io::Loop loop;
  io::Signal changed;
  Follower* at = nullptr;
  std::int64_t snapshot_seq = 10;
  int snapshots = 0, failing = 0;
  std::vector<std::string> targets, heads, troubles;
  std::vector<std::int64_t> seen;
  std::vector<Link> links;
  Event last;
};

TEST_F(Following, TakesASnapshotAndThenWhatIsBehindIt) {
  auto talk = [](FrameSocket& socket, std::string) -> io::Task<void> {
    std::vector<std::string> frames{hello(true, 10), frame(9), frame(10), frame(11), frame(14)};
    co_await say(socket, std::move(frames));
    co_await until_left(socket);
  };
  run({talk}, [&] { return seen.size() == 2; });
  EXPECT_EQ(snapshots, 1);
  EXPECT_THAT(targets, ElementsAre("/ws?since=10"));
  EXPECT_THAT(heads[0], HasSubstr("Authorization: Bearer a-token"));
  EXPECT_THAT(heads[0], ::testing::Not(HasSubstr("X-Workspace-ID")));
  EXPECT_THAT(seen, ElementsAre(11, 14));
  EXPECT_EQ(last.type, "TASK_UPDATED");
  EXPECT_EQ(last.workspace.text(), some_id);
  EXPECT_EQ(last.payload.text, R"({"n":14})");
  EXPECT_THAT(links, ElementsAre(Link::live));
}

TEST_F(Following, GoesOnBehindTheLastNumberAfterABreak) {
  auto first = [](FrameSocket& socket, std::string) -> io::Task<void> {
    std::vector<std::string> frames{hello(true, 10), frame(11), frame(12)};
    co_await say(socket, std::move(frames));  // And the connection is gone.
  };
  auto second = [](FrameSocket& socket, std::string) -> io::Task<void> {
    std::vector<std::string> frames{hello(true, 12), frame(12), frame(13)};
    co_await say(socket, std::move(frames));
    co_await until_left(socket);
  };
  run({first, second}, [&] { return seen.size() == 3; });
  EXPECT_EQ(snapshots, 1);
  EXPECT_THAT(targets, ElementsAre("/ws?since=10", "/ws?since=12"));
  EXPECT_THAT(seen, ElementsAre(11, 12, 13));
  EXPECT_THAT(links, ElementsAre(Link::live, Link::away, Link::live));
}

TEST_F(Following, TakesANewSnapshotWhereThePlatformCannotGoOn) {
  auto first = [](FrameSocket& socket, std::string) -> io::Task<void> {
    std::vector<std::string> frames{hello(true, 10), frame(11)};
    co_await say(socket, std::move(frames));
  };
  auto second = [this](FrameSocket& socket, std::string) -> io::Task<void> {
    snapshot_seq = 5003;
    std::vector<std::string> frames{hello(false, 5000), frame(5001), frame(5003), frame(5004)};
    co_await say(socket, std::move(frames));
    co_await until_left(socket);
  };
  run({first, second}, [&] { return seen.size() == 2; });
  EXPECT_EQ(snapshots, 2);
  EXPECT_THAT(seen, ElementsAre(11, 5004));
}

TEST_F(Following, ASnapshotFromBeforeTheSocketBeganIsNoEndOfTheGap) {
  auto first = [this](FrameSocket& socket, std::string) -> io::Task<void> {
    snapshot_seq = 90;  // A replica that lags behind answers.
    std::vector<std::string> frames{hello(false, 100), frame(101)};
    co_await say(socket, std::move(frames));
    co_await until_left(socket);
  };
  auto second = [](FrameSocket& socket, std::string) -> io::Task<void> {
    std::vector<std::string> frames{hello(true, 90), frame(95), frame(101)};
    co_await say(socket, std::move(frames));
    co_await until_left(socket);
  };
  run({first, second}, [&] { return seen.size() == 2; });
  EXPECT_THAT(targets, ElementsAre("/ws?since=10", "/ws?since=90"));
  EXPECT_THAT(seen, ElementsAre(95, 101));
}

TEST_F(Following, TransientFramesDoNotMoveTheNumber) {
  auto first = [](FrameSocket& socket, std::string) -> io::Task<void> {
    std::vector<std::string> frames{hello(true, 10), frame(11),
                                    frame(40, "WORKSPACE_HEARTBEAT", true)};
    co_await say(socket, std::move(frames));
  };
  auto second = [](FrameSocket& socket, std::string) -> io::Task<void> {
    std::vector<std::string> frames{hello(true, 11), frame(12)};
    co_await say(socket, std::move(frames));
    co_await until_left(socket);
  };
  run({first, second}, [&] { return seen.size() == 3; });
  EXPECT_THAT(targets, ElementsAre("/ws?since=10", "/ws?since=11"));
}

TEST_F(Following, ASnapshotThatFailsIsAskedForAgain) {
  failing = 2;
  auto talk = [](FrameSocket& socket, std::string) -> io::Task<void> {
    std::vector<std::string> frames{hello(true, 10)};
    co_await say(socket, std::move(frames));
    co_await until_left(socket);
  };
  run({talk}, [&] { return !links.empty() && links.back() == Link::live; });
  EXPECT_EQ(snapshots, 3);
  EXPECT_THAT(links, ElementsAre(Link::connecting, Link::live));
  EXPECT_EQ(troubles[0], "not yet");
}

TEST_F(Following, SomebodyMayAskForANewSnapshot) {
  auto talk = [](FrameSocket& socket, std::string) -> io::Task<void> {
    std::vector<std::string> frames{hello(true, 10)};
    co_await say(socket, std::move(frames));
    co_await until_left(socket);
  };
  bool asked = false;
  run({talk}, [&] {
    if (!links.empty() && !std::exchange(asked, true)) {
      snapshot_seq = 20;
      at->refresh();
    }
    return targets.size() == 2;
  });
  EXPECT_EQ(snapshots, 2);
  EXPECT_EQ(targets[1], "/ws?since=20");
  // To whoever looks it was live all the time.
  EXPECT_THAT(links, ElementsAre(Link::live));
}

TEST_F(Following, ARefusalInThePlatformsWordsIsTold) {
  auto refuse = [](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write(
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 25\r\n\r\n{\"error\":\"unknown token\"}");
    co_return true;
  };
  run({}, [&] { return !links.empty(); }, refuse);
  EXPECT_THAT(links, ElementsAre(Link::refused));
  EXPECT_EQ(troubles[0], "unknown token");
}

TEST_F(Following, WhatIsNoPlatformIsSaid) {
  auto talk = [](FrameSocket& socket, std::string) -> io::Task<void> {
    std::vector<std::string> frames{"good morning"};
    co_await say(socket, std::move(frames));
    co_await until_left(socket);
  };
  run({talk}, [&] { return !links.empty(); });
  EXPECT_EQ(links[0], Link::connecting);
  EXPECT_THAT(troubles[0], HasSubstr("no Molecule platform"));
}

TEST(EventOf, IsNothingForWhatIsNone) {
  EXPECT_FALSE(read_event("garbage"));
  EXPECT_FALSE(read_event("[]"));
  EXPECT_FALSE(read_event(R"({"event":7})"));
  const auto bare = read_event(R"({"event":"X"})");
  ASSERT_TRUE(bare);
  EXPECT_TRUE(bare->workspace.nil());
  EXPECT_EQ(bare->payload.text, "{}");
}

}  // namespace
}  // namespace molecule::client
