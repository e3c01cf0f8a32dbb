// Streamed responses and WebSockets over real sockets.

#include <array>

#include <netinet/in.h>

#include "platform/http/server_fixture.h"
#include "platform/http/websocket.h"
#include "testing/http_peer.h"

namespace molecule::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::HttpPeer;
using testing::PeerResponse;

TEST_F(ServerTest, StreamsArriveAsTheyAreWrittenAndTheConnectionGoesOn) {
  HttpPeer client(port());
  client.send("GET /stream/three HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked"));
  EXPECT_EQ(client.bytes(8), "3\r\none\r\n");
  EXPECT_EQ(client.bytes(8), "3\r\ntwo\r\n");
  EXPECT_EQ(client.until("\r\n"), "186a0\r\n");
  client.bytes(100'002);
  EXPECT_EQ(client.bytes(5), "0\r\n\r\n");
  EXPECT_EQ(client.ask("GET", "/show").status, 200);
}

TEST_F(ServerTest, AStreamThatFailsEndsWithoutItsLastChunk) {
  HttpPeer client(port());
  client.send("GET /stream/fails HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.until("\r\n\r\n");
  EXPECT_EQ(client.rest(), "3\r\none\r\n");
}

TEST_F(ServerTest, AStreamLearnsThatItsReaderLeft) {
  {
    HttpPeer client(port());
    client.send("GET /stream/endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return echo.waiting == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return echo.cancelled + echo.told == 1; }));
  {
    HttpPeer client(port());
    client.send("GET /stream/flood HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_TRUE(eventually([&] { return echo.written > 0; }));
  }
  EXPECT_TRUE(eventually([&] { return echo.cancelled + echo.told == 2; }));
}

TEST_F(ServerTest, RequestsSentDuringAStreamWaitForItsEnd) {
  HttpPeer client(port());
  client.send("GET /stream/three HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.until("one");
  client.send("GET /show?after HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.until("0\r\n\r\n");
  EXPECT_THAT(client.response().body, HasSubstr("?after"));
}

constexpr std::string_view handshake =
    "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

std::string masked(Op op, std::string_view payload) {
  std::array<std::uint8_t, 4> mask{9, 8, 7, 6};
  std::string out;
  append_frame(out, op, payload, &mask);
  return out;
}

class SocketTest : public ServerTest {
 protected:
  HttpPeer upgraded() {
    HttpPeer client(port());
    client.send(std::string(handshake) + "\r\n");
    std::string head = client.until("\r\n\r\n");
    EXPECT_THAT(head, HasSubstr("HTTP/1.1 101 Switching Protocols\r\n"));
    EXPECT_THAT(head, HasSubstr("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    return client;
  }
  static std::string close_frame(unsigned code) {
    return std::string("\x88\x02", 2) + static_cast<char>(code >> 8) + static_cast<char>(code);
  }
};

TEST_F(SocketTest, EchoesMessagesOfBothKinds) {
  HttpPeer client = upgraded();
  client.send(masked(Op::text, "hello") + masked(Op::binary, "\x01\xff"));
  EXPECT_EQ(client.bytes(7), "\x81\x05hello");
  EXPECT_EQ(client.bytes(4), "\x82\x02\x01\xff");
  std::string large(60'000, 'w');
  std::string text = masked(Op::text, large);
  client.send(text.substr(0, 1000));
  std::this_thread::sleep_for(20ms);
  client.send(text.substr(1000));
  EXPECT_EQ(client.bytes(4 + large.size()).substr(4), large);
  client.send(masked(Op::text, "twice please"));
  EXPECT_EQ(client.bytes(6),
            "\x81\x01"
            "a"
            "\x82\x01"
            "b");
}

TEST_F(SocketTest, MessagesOfSeveralSendersStayWholeToASlowReader) {
  HttpPeer client = upgraded();
  client.send(masked(Op::text, "many please"));
  std::this_thread::sleep_for(150ms);
  FrameReader reader(false, 100'000);
  std::map<char, int> counts;
  for (;;) {
    std::string bytes = client.bytes(30'000);
    ASSERT_FALSE(bytes.empty());
    std::string_view rest = bytes;
    while (!rest.empty()) {
      FrameReader::Event event = reader.read(rest);
      ASSERT_NE(event, FrameReader::Event::error);
      if (event != FrameReader::Event::message) continue;
      std::string message = reader.message();
      ASSERT_EQ(message, std::string(50'000, message.front()));
      ++counts[message.front()];
    }
    // Reads are of a fixed size, so the end of the last message is not waited for.
    int left = 300 - counts['a'] - counts['b'] - counts['c'];
    if (left <= 1) break;
  }
  EXPECT_GE(counts['a'], 99);
  EXPECT_GE(counts['b'], 99);
  EXPECT_GE(counts['c'], 99);
}

TEST_F(SocketTest, FragmentsAndPingsMix) {
  HttpPeer client = upgraded();
  std::string first = masked(Op::text, "one ");
  first[0] = 0x01;
  client.send(first + masked(Op::ping, "p") + masked(Op::continuation, "two"));
  EXPECT_EQ(client.bytes(3), "\x8a\x01p");
  EXPECT_EQ(client.bytes(9), "\x81\x07one two");
}

TEST_F(SocketTest, FramesBehindTheHandshakeAreRead) {
  HttpPeer client(port());
  client.send(std::string(handshake) + "\r\n" + masked(Op::text, "early"));
  client.until("\r\n\r\n");
  EXPECT_EQ(client.bytes(7),
            "\x81\x05"
            "early");
}

TEST_F(SocketTest, ClosesInOrderFromEitherSide) {
  HttpPeer client = upgraded();
  client.send(masked(Op::close,
                     "\x03\xe8"
                     "bye"));
  EXPECT_EQ(client.rest(), close_frame(1000));
  HttpPeer asking = upgraded();
  asking.send(masked(Op::text, "close please"));
  EXPECT_EQ(asking.bytes(12), std::string("\x88\x0a\x0f\xa1", 4) + "as asked");
  asking.send(masked(Op::close, "\x0f\xa1"));
  EXPECT_TRUE(asking.ended());
  // One that never answers the close is not waited for long.
  HttpPeer silent = upgraded();
  silent.send(masked(Op::text, "close please"));
  silent.bytes(12);
  EXPECT_TRUE(silent.ended());
  HttpPeer failing = upgraded();
  failing.send(masked(Op::text, "fail please"));
  EXPECT_EQ(failing.bytes(4), close_frame(1011));
  EXPECT_TRUE(eventually([&] { return echo.sockets_ended == 4; }));
}

TEST_F(SocketTest, BrokenFramesCloseWithTheirCode) {
  std::string reserved = masked(Op::text, "x");
  reserved[0] = static_cast<char>(0xc1);
  const std::vector<std::pair<std::string, unsigned>> cases{
      {encode_frame(Frame::Opcode::text, "unmasked"), 1002},
      {reserved, 1002},
      {masked(Op::text, "\xff\xfe"), 1007},
      {masked(Op::continuation, "x"), 1002},
      {masked(Op::text, std::string(70'000, 'x')), 1009},
      {masked(Op::close, "\x03"), 1002},
  };
  for (const auto& [bytes, code] : cases) {
    HttpPeer client = upgraded();
    client.send(bytes);
    const std::string frame = client.rest();
    ASSERT_GT(frame.size(), std::size_t{4});
    EXPECT_EQ(frame[0], '\x88');
    EXPECT_EQ(frame.substr(2, 2), close_frame(code).substr(2)) << "and a reason behind it";
  }
}

TEST_F(SocketTest, HandshakesThatAreNoneAreRefused) {
  HttpPeer client(port());
  EXPECT_EQ(client.ask("GET", "/ws").status, 426);
  // As a proxy that knows of no WebSockets passes a handshake on.
  const PeerResponse lost =
      client.ask("GET", "/ws", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  EXPECT_EQ(lost.status, 426);
  EXPECT_THAT(lost.body, HasSubstr("proxy"));
  auto with = [&](std::string_view headers) {
    HttpPeer one(port());
    one.send("GET /ws HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n");
    return one.response();
  };
  PeerResponse version = with(
      "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  EXPECT_EQ(version.status, 426);
  EXPECT_EQ(version.header("Sec-WebSocket-Version"), "13");
  EXPECT_EQ(
      with("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n").status,
      400);
  EXPECT_EQ(
      with(
          "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n")
          .status,
      400);
  EXPECT_EQ(with(std::string(handshake.substr(handshake.find("Upgrade"))) +
                 "Origin: https://evil.example\r\n")
                .status,
            403);
  EXPECT_EQ(echo.waiting, 0);
}

TEST_F(SocketTest, TheSubprotocolIsEchoed) {
  HttpPeer client(port());
  client.send(std::string(handshake) + "Sec-WebSocket-Protocol: chat\r\n\r\n");
  EXPECT_THAT(client.until("\r\n\r\n"), HasSubstr("Sec-WebSocket-Protocol: chat\r\n"));
}

TEST_F(SocketTest, APeerThatAnswersNoPingIsDropped) {
  settings.limits.ping_every = 200ms;
  HttpPeer client = upgraded();
  EXPECT_EQ(client.rest(), std::string("\x89\x00\x89\x00", 4));
  EXPECT_TRUE(eventually([&] { return echo.sockets_ended == 1; }));
  HttpPeer answering = upgraded();
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(answering.bytes(2), std::string("\x89\x00", 2));
    answering.send(masked(Op::pong, ""));
  }
}

TEST_F(SocketTest, DrainSaysGoingAway) {
  HttpPeer client = upgraded();
  EXPECT_TRUE(eventually([&] { return echo.waiting == 1; }));
  ask_to_stop();
  EXPECT_EQ(client.bytes(4), close_frame(1001));
  client.send(masked(Op::close, "\x03\xe9"));
  EXPECT_TRUE(client.ended());
  stop();
  EXPECT_EQ(echo.sockets_ended, 1);
}

TEST_F(SocketTest, OurClientTalksToOurServer) {
  std::uint16_t at = port();
  io::Loop own;
  auto open = [](std::uint16_t to) -> io::Task<std::unique_ptr<net::Stream>> {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(to);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::unique_ptr<net::Socket> socket =
        co_await net::Socket::connect(reinterpret_cast<const sockaddr*>(&address), sizeof address,
                                      "127.0.0.1", std::chrono::steady_clock::now() + 5s);
    co_return std::unique_ptr<net::Stream>(std::move(socket));
  };
  auto body = [&]() -> io::Task<void> {
    std::unique_ptr<net::Stream> stream = co_await open(at);
    std::vector<std::pair<std::string, std::string>> headers{{"Sec-WebSocket-Protocol", "chat"}};
    std::unique_ptr<FrameSocket> socket =
        co_await websocket_connect(std::move(stream), "localhost", "/ws", headers);
    std::string large(60'000, 'c');
    co_await socket->send(Frame::Opcode::text, "hi");
    co_await socket->send(Frame::Opcode::binary, large);
    std::optional<Frame> first = co_await socket->receive();
    std::optional<Frame> second = co_await socket->receive();
    EXPECT_EQ(first->payload, "hi");
    EXPECT_EQ(second->payload, large);
    co_await socket->close(1000, "done");
    std::optional<Frame> last = co_await socket->receive();
    EXPECT_FALSE(last.has_value());
    EXPECT_EQ(socket->closed()->code, 1000);
  };
  io::run(own, body());
  auto refused = [&]() -> io::Task<void> {
    std::unique_ptr<net::Stream> stream = co_await open(at);
    std::vector<std::pair<std::string, std::string>> headers;
    co_await websocket_connect(std::move(stream), "localhost", "/show", headers);
  };
  try {
    io::run(own, refused());
    FAIL() << "expected a refusal";
  } catch (const WebSocketRefused& fault) {
    EXPECT_EQ(fault.code(), "websocket_refused");
    EXPECT_EQ(fault.status(), 200);
  }
}

}  // namespace
}  // namespace molecule::http
