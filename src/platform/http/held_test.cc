// What is held open: how it ends with its credential, and who is not waited for when the server
// drains.

#include "platform/http/server_fixture.h"
#include "platform/net/wheel.h"
#include "testing/http_peer.h"

namespace molecule::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::HttpPeer;
using testing::PeerResponse;

// A close frame that the server sends.
std::string close_frame(unsigned code, std::string_view reason) {
  std::string frame = "\x88";
  frame += static_cast<char>(reason.size() + 2);
  frame += static_cast<char>(code >> 8);
  frame += static_cast<char>(code);
  return frame + std::string(reason);
}

class HeldTest : public ServerTest {
 protected:
  HeldTest() { settings.limits.drain = 200ms; }
  static constexpr std::string_view ended_text = "the credential of this connection has ended";

  HttpPeer asking(std::string_view line) {
    HttpPeer client(port());
    client.send(std::string(line) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return client;
  }
  HttpPeer upgraded() {
    HttpPeer client(port());
    client.send(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    client.until("\r\n\r\n");
    return client;
  }
};

TEST_F(HeldTest, WhatTheGateNoLongerAdmitsEnds) {
  HttpPeer waiting = asking("GET /slow");
  HttpPeer streaming = asking("GET /stream/endless");
  HttpPeer socket = upgraded();
  HttpPeer change = asking("POST /slow");
  ASSERT_TRUE(eventually([&] { return echo.waiting == 4; }));
  gate.ended = true;
  running->review();
  PeerResponse refusal = waiting.response();
  EXPECT_EQ(refusal.status, 401);
  EXPECT_THAT(refusal.body, HasSubstr("token_expired"));
  EXPECT_EQ(streaming.response().body, ": hello\n\n: bye\n\n");
  EXPECT_TRUE(streaming.ended());
  EXPECT_EQ(socket.bytes(4 + ended_text.size()), close_frame(4401, ended_text));
  EXPECT_TRUE(socket.ended()) << "a peer that does not answer the close is not waited for";
  EXPECT_TRUE(eventually([&] { return echo.sockets_ended == 1 && echo.told == 1; }));
  EXPECT_EQ(echo.cancelled, 1) << "a change that was asked for is carried through";
  EXPECT_EQ(gate.reviews, 3);
  EXPECT_THAT(registry.text(), HasSubstr("molecule_http_credential_ended_total 3"));
  // The connection of a read goes on, with whatever its next request presents.
  EXPECT_EQ(waiting.ask("GET", "/show").status, 200);
}

TEST_F(HeldTest, WhatTheGateStillAdmitsGoesOn) {
  HttpPeer streaming = asking("GET /stream/endless");
  HttpPeer socket = upgraded();
  ASSERT_TRUE(eventually([&] { return echo.waiting == 2; }));
  for (int round = 1; round <= 3; ++round) {
    running->review();
    running->review();
    ASSERT_TRUE(eventually([&] { return gate.reviews >= 2 * round; }));
  }
  EXPECT_EQ(echo.told + echo.sockets_ended, 0);
  gate.ended = true;
  running->review();
  EXPECT_EQ(streaming.response().body, ": hello\n\n: bye\n\n");
}

TEST_F(HeldTest, AFloodOfEndingsCostsARoundATick) {
  HttpPeer socket = upgraded();
  ASSERT_TRUE(eventually([&] { return echo.waiting == 1; }));
  auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 20'000; ++i) running->review();
  auto took = std::chrono::steady_clock::now() - begun;
  ASSERT_TRUE(eventually([&] { return gate.reviews > 0; }));
  EXPECT_LE(gate.reviews, 2 + took / net::Wheel::tick);
}

TEST_F(HeldTest, ACredentialThatIsOverByItselfIsNoticed) {
  gate.lasts = 300ms;
  HttpPeer waiting = asking("GET /slow");
  HttpPeer streaming = asking("GET /stream/endless");
  HttpPeer socket = upgraded();
  ASSERT_TRUE(eventually([&] { return echo.waiting == 3; }));
  ASSERT_TRUE(eventually([&] { return gate.reviews == 3; })) << "asked once each when it was over";
  EXPECT_EQ(echo.told + echo.sockets_ended + echo.cancelled, 0) << "it was good for longer";
  gate.ended = true;
  gate.lasts = 0ms;
  EXPECT_EQ(asking("GET /slow").response().status, 401);
}

TEST_F(HeldTest, AStreamThatBeginsAfterTheEndingEnds) {
  HttpPeer other = upgraded();
  HttpPeer late = asking("POST /stream/late");
  ASSERT_TRUE(eventually([&] { return echo.waiting == 2; }));
  gate.ended = true;
  running->review();
  ASSERT_TRUE(eventually([&] { return gate.reviews == 1; })) << "the change is not asked about";
  EXPECT_EQ(late.response().body, ": hello\n\n: bye\n\n");
  EXPECT_TRUE(late.ended());
}

TEST_F(HeldTest, DrainWaitsForNobodyWhoSaysNothing) {
  settings.limits.drain = 20s;
  HttpPeer head(port());
  head.send("GET /show HTTP/1.1\r\nHost: local");
  HttpPeer body(port());
  body.send("POST /show HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf");
  HttpPeer socket = upgraded();
  HttpPeer unread = asking("GET /stream/flood");
  HttpPeer slow(port());
  slow.send("GET /show HTTP/1.1\r\nHost: local");
  ASSERT_TRUE(eventually([&] { return echo.waiting == 1 && echo.written > 0; }));
  EXPECT_EQ(HttpPeer(port()).ask("GET", "/show").status, 200);  // All before it have been seen.
  auto begun = std::chrono::steady_clock::now();
  ask_to_stop();
  EXPECT_EQ(socket.bytes(4), close_frame(1001, {}));
  // One that goes on with its request is still answered.
  slow.send("host\r\n\r\n");
  EXPECT_EQ(slow.response().status, 200);
  for (HttpPeer* half : {&head, &body}) {
    PeerResponse refusal = half->response();
    EXPECT_EQ(refusal.status, 503);
    EXPECT_THAT(refusal.body, HasSubstr("draining"));
  }
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

}  // namespace
}  // namespace molecule::http
