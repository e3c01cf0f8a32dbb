// Peers that send or take without end, a little at a time or all at once, and what strangers may
// take up.

#include <array>
#include <future>

#include "platform/http/client_fixture.h"
#include "platform/http/flush.h"
#include "platform/http/server_fixture.h"
#include "platform/http/websocket.h"
#include "platform/http/websocket_frames.h"
#include "testing/http_peer.h"

namespace molecule::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::HttpPeer;
using testing::PeerResponse;

constexpr std::string_view handshake =
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

std::string masked(Op op, std::string_view payload, bool last = true) {
  std::array<std::uint8_t, 4> mask{9, 8, 7, 6};
  std::string out;
  append_frame(out, op, payload, &mask);
  if (!last) out[0] = static_cast<char>(out[0] & 0x7f);
  return out;
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

class FloodTest : public ServerTest {
 protected:
  HttpPeer upgraded() {
    HttpPeer client(port());
    client.send(handshake);
    client.until("\r\n\r\n");
    return client;
  }
  std::size_t bodies_held() {
    std::promise<std::size_t> held;
    loop.post([&] { held.set_value(running->bodies_held()); });
    return held.get_future().get();
  }
  // The close frame that ends what the server sends.
  static std::string last_frame(HttpPeer& client) {
    std::string all = client.rest();
    std::size_t at = all.rfind('\x88');
    return at == std::string::npos ? all : all.substr(at);
  }
};

TEST_F(FloodTest, ControlFramesWithoutEndCloseWithAReason) {
  for (Op op : {Op::pong, Op::ping}) {
    HttpPeer client = upgraded();
    client.send(repeated(masked(op, "x"), 3000));
    std::string frame = last_frame(client);
    EXPECT_EQ(frame.substr(2, 2), "\x03\xf0") << "expected 1008";
    EXPECT_THAT(frame, HasSubstr("too many control frames"));
  }
  EXPECT_TRUE(eventually([&] { return echo.sockets_ended == 2; }));
}

TEST_F(FloodTest, AFewControlFramesAreNoFlood) {
  HttpPeer client = upgraded();
  client.send(repeated(masked(Op::pong, ""), 500) + masked(Op::text, "still here"));
  EXPECT_EQ(client.bytes(12).substr(2), "still here");
}

TEST_F(FloodTest, OfPingsThatComeTogetherTheNewestIsAnswered) {
  HttpPeer client = upgraded();
  client.send(masked(Op::ping, "1") + masked(Op::ping, "2") + masked(Op::text, "t"));
  // How many arrive together is the kernel's to say; the last is always answered.
  EXPECT_THAT(client.until("\x81\x01t"), HasSubstr("\x8a\x01"
                                                   "2"));
}

TEST_F(FloodTest, AMessageOfEndlessFragmentsClosesWithAReason) {
  HttpPeer client = upgraded();
  client.send(masked(Op::text, "x", false) + repeated(masked(Op::continuation, "", false), 2000));
  const std::string frame = last_frame(client);
  EXPECT_EQ(frame.substr(2, 2), "\x03\xf0") << "expected 1008";
  EXPECT_THAT(frame, HasSubstr("too many fragments in one message"));
}

TEST_F(FloodTest, ABodyThatDripsForEverIsGivenUp) {
  settings.limits.body_total = 600ms;
  HttpPeer client(port());
  client.send("POST /show HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
  std::atomic<bool> stop = false;
  std::jthread drip([&] {
    for (int i = 0; i < 400 && !stop; ++i) {
      client.send("x");
      std::this_thread::sleep_for(20ms);
    }
  });
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(client.response().status, 408);
  stop = true;
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST_F(FloodTest, ReadsTakeNoBody) {
  for (std::string_view method : {"GET", "HEAD"}) {
    HttpPeer client(port());
    client.send(std::string(method) +
                " /show HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4194304\r\n\r\n");
    PeerResponse refused = client.response(method == "HEAD");
    EXPECT_EQ(refused.status, 413);
    if (method == "GET") {
      EXPECT_THAT(refused.body, HasSubstr("takes no body"));
    }
  }
  HttpPeer chunked(port());
  chunked.send("GET /show HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n");
  EXPECT_EQ(chunked.response().status, 413);
  HttpPeer empty(port());
  empty.send(
      "GET /show HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(empty.response().status, 200);
  EXPECT_EQ(empty.ask("GET", "/show").status, 200);
  // What nobody reads may be there, but not much of it.
  EXPECT_EQ(empty.ask("DELETE", "/items/1", {}, "{}").status, 204);
  EXPECT_EQ(empty.ask("DELETE", "/items/1", {}, std::string(5000, 'x')).status, 413);
}

TEST_F(FloodTest, StrangersTakeNoRoomFromMembers) {
  settings.limits.strangers_bodies = 40'000;
  settings.limits.bodies = 400'000;
  auto begin = [&](std::string_view headers) {
    HttpPeer client(port());
    client.send("POST /show HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) +
                "Content-Length: 60000\r\n\r\n" + std::string(30'000, 'x'));
    return client;
  };
  HttpPeer first = begin("");
  ASSERT_TRUE(eventually([&] { return bodies_held() >= 30'000; }));
  HttpPeer second = begin("");
  EXPECT_EQ(second.response().status, 503) << "the strangers' room is used up";
  HttpPeer member = begin("X-Member: yes\r\n");
  member.send(std::string(30'000, 'x'));
  EXPECT_EQ(member.response().status, 200);
  first.send(std::string(30'000, 'x'));
  first.response();
  EXPECT_TRUE(eventually([&] { return bodies_held() == 0; }));
}

TEST_F(FloodTest, CodedBodiesAreRefusedForWhatTheyAre) {
  HttpPeer client(port());
  PeerResponse refused = client.ask("POST", "/show", "Content-Encoding: gzip\r\n", "\x1f\x8b");
  EXPECT_EQ(refused.status, 415);
  EXPECT_EQ(refused.header("Accept-Encoding"), "identity");
  EXPECT_THAT(refused.body, HasSubstr("unsupported_coding"));
  EXPECT_EQ(client.ask("POST", "/show", "Content-Encoding: Identity\r\n", "{}").status, 200);
  EXPECT_EQ(client.ask("POST", "/show", "Content-Encoding: gzip\r\n").status, 200);
}

TEST_F(FloodTest, HeadIsAnsweredAsGetWouldBe) {
  HttpPeer client(port());
  EXPECT_EQ(client.ask("HEAD", "/ws").status, 426);
  EXPECT_EQ(client.ask("GET", "/show").status, 200);
}

// A peer that takes a byte whenever it is asked to.
class Nibbler final : public net::Stream {
 public:
  explicit Nibbler(io::Loop& loop) : loop_(loop) {}
  net::Attempt try_read(std::span<char>) noexcept override { return {}; }
  net::Attempt try_write(std::span<const std::string_view>) noexcept override {
    return {net::Attempt::State::moved, 1};
  }
  bool arm(net::Direction, net::Sleeper& sleeper, net::Wake* at_once) noexcept override {
    if (std::chrono::steady_clock::now() >= deadline_) {
      *at_once = net::Wake::deadline;
      return false;
    }
    sleeper_ = &sleeper;
    due_.nibbler = this;
    net::Wheel::of(loop_).set(due_, net::Wheel::now() + 10ms);
    return true;
  }
  void disarm(net::Direction) noexcept override { sleeper_ = nullptr; }
  void set_deadline(net::Direction, net::TimePoint at) noexcept override { deadline_ = at; }
  io::Task<void> shutdown_write() override { co_return; }
  void close() noexcept override {}
  const std::string& peer() const override { return peer_; }
  bool secure() const override { return false; }
  io::Loop& loop() override { return loop_; }

 private:
  struct Due final : net::Wheel::Entry {
    Nibbler* nibbler = nullptr;
    void on_due() noexcept override {
      if (nibbler->sleeper_) std::exchange(nibbler->sleeper_, nullptr)->wake(net::Wake::ready);
    }
  };

  io::Loop& loop_;
  Due due_;
  std::string peer_ = "local";
  net::Sleeper* sleeper_ = nullptr;
  net::TimePoint deadline_ = net::no_deadline;
};

TEST(Flush, WhoeverTakesAByteNowAndThenIsNotWaitedForForEver) {
  io::Loop loop;
  Nibbler stream(loop);
  const std::string text(write_rate / 2, 'x');
  auto body = [&]() -> io::Task<void> {
    Pieces pieces;
    pieces.views[0] = text;
    const auto begun = std::chrono::steady_clock::now();
    Sent sent = co_await send_all(stream, pieces, 1s);
    EXPECT_EQ(sent, Sent::stalled);
    EXPECT_GT(std::chrono::steady_clock::now() - begun, 1s);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
  };
  io::run(loop, body());
}

TEST_F(HttpClient, AnAnswerThatDripsForEverIsGivenUp) {
  auto drip_body = [](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    for (int i = 0; i < 500; ++i) {
      co_await turn.stream.write("x");
      co_await io::sleep(20ms);
    }
    co_return false;
  };
  auto drip_head = [](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write("HTTP/1.1 200 OK\r\nX-Long: ");
    for (int i = 0; i < 500; ++i) {
      co_await turn.stream.write("x");
      co_await io::sleep(20ms);
    }
    co_return false;
  };
  limits.idle = 600ms;
  limits.body = 600ms;
  for (const ScriptedServer::Script& script :
       {ScriptedServer::Script(drip_body), ScriptedServer::Script(drip_head)}) {
    play(script, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
      const auto begun = std::chrono::steady_clock::now();
      std::string code = co_await outcome(get(client, server.url()));
      EXPECT_EQ(code, "agent_timeout");
      EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);
    });
  }
}

TEST_F(HttpClient, AWebSocketHandshakeThatDripsForEverIsGivenUp) {
  auto script = [](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write("HTTP/1.1 101 Switching Protocols\r\nX-Long: ");
    for (int i = 0; i < 500; ++i) {
      co_await turn.stream.write("x");
      co_await io::sleep(20ms);
    }
    co_return false;
  };
  play(script, [&](ScriptedServer& server, Client&) -> io::Task<void> {
    net::DialSettings settings;
    settings.dev = true;
    net::Dialer dialer(settings, resolver, metrics);
    net::Url url = net::Url::parse(server.url());
    auto stream = co_await dialer.dial(url);
    FrameSocket::Options options;
    options.handshake = 500ms;
    const auto begun = std::chrono::steady_clock::now();
    try {
      auto socket = co_await websocket_connect(std::move(stream), "localhost", "/", {}, options);
      ADD_FAILURE() << "expected a deadline";
    } catch (const Fault& fault) {
      EXPECT_EQ(fault.kind(), Kind::deadline);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 4s);
  });
}

}  // namespace
}  // namespace molecule::http
