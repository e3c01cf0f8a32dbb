// What requests over HTTP/2 come to: the same as over HTTP/1.1.
#include "platform/http2/frames_fixture.h"

namespace molecule::http2 {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::HttpPeer;
using ::testing::Pair;

class RequestsTest : public FramesTest {};

TEST_F(RequestsTest, AreServedBesideThoseOfHttp11OverOnePort) {
  FramePeer peer(port());
  const Heard& answer = peer.wait(peer.ask("GET", "/show?a=1", {{"accept", "*/*"}}));
  EXPECT_EQ(answer.status, "200");
  EXPECT_THAT(answer.body, HasSubstr("GET /show?a=1 [] peer=127.0.0.1 secure=false"));
  EXPECT_EQ(answer.field("content-length"), std::to_string(answer.body.size()));
  EXPECT_EQ(answer.field("connection"), "");
  HttpPeer old(port());
  EXPECT_EQ(old.ask("GET", "/show").status, 200);
  // It begins a connection or it is no request.
  old.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  EXPECT_NE(old.response().status, 200);
  EXPECT_EQ(peer.wait(peer.ask("GET", "/show")).status, "200");
}

TEST_F(RequestsTest, BringBodiesOfKnownAndUnknownLength) {
  FramePeer peer(port());
  const std::string body(100'000, 'b');
  const Heard& known =
      peer.wait(peer.ask("POST", "/show", {{"content-length", std::to_string(body.size())}}, body));
  EXPECT_THAT(known.body, HasSubstr("[" + body + "]"));
  EXPECT_THAT(peer.wait(peer.ask("POST", "/show", {}, body)).body, HasSubstr("[" + body + "]"));
  EXPECT_THAT(peer.wait(peer.ask("POST", "/show")).body, HasSubstr("[]"));
  const Heard& wrong = peer.wait(peer.ask("POST", "/show", {{"content-length", "7"}}, body));
  EXPECT_EQ(wrong.reset, NGHTTP2_PROTOCOL_ERROR);
}

TEST_F(RequestsTest, AreReadPieceByPieceWhereTheirRouteDoes) {
  FramePeer peer(port());
  const std::string body(900'000, 'c');
  EXPECT_EQ(peer.wait(peer.ask("POST", "/pour/all", {}, body)).body,
            fmt::format("{} {}", 900'000, 900'000L * 'c'));
  EXPECT_LT(echo.largest.load(), 300'000U);
  const Heard& more = peer.wait(peer.ask("POST", "/pour/all", {}, std::string(2'000'000, 'd')));
  EXPECT_EQ(more.status, "413");
}

TEST_F(RequestsTest, MeetTheGateBeforeTheirBody) {
  FramePeer peer(port());
  const std::int32_t id = peer.ask("POST", "/forbidden", {}, "part", true);
  const Heard& answer = peer.wait(id);
  EXPECT_EQ(answer.status, "401");
  // The rest is not wanted.
  peer.until([&] { return peer.heard[id].reset.has_value(); });
  EXPECT_EQ(answer.reset, NGHTTP2_NO_ERROR);
  EXPECT_EQ(echo.calls, 0);
  EXPECT_EQ(peer.wait(peer.ask("GET", "/show")).status, "200");
}

TEST_F(RequestsTest, TooLargeAHeadIsRefusedAsOverHttp11) {
  FramePeer peer(port());
  EXPECT_EQ(peer.wait(peer.ask("GET", "/show", {{"x-long", std::string(20'000, 'x')}})).status,
            "431");
  Lines many;
  for (int i = 0; i < 80; ++i) many.emplace_back("x-" + std::to_string(i), "v");
  EXPECT_EQ(peer.wait(peer.ask("GET", "/show", many)).status, "431");
  // Whatever it is made of: no field of it is left out in silence.
  const std::string half(9'000, 'h');
  for (const Lines& lines : {Lines{{"cookie", half}, {"cookie", half}},
                             Lines{{"x-one", half}, {"x-two", half}, {"authorization", "a"}}})
    EXPECT_EQ(peer.wait(peer.ask("GET", "/show", lines)).status, "431");
  // A scheme is no place to hide bytes in.
  const Heard& odd = peer.wait(peer.ask_with({{":method", "GET"},
                                              {":scheme", std::string(16'400, 'a')},
                                              {":authority", "localhost"},
                                              {":path", "/show"}}));
  EXPECT_TRUE(odd.reset.has_value()) << odd.status;
  // Many small cookies weigh what they come to.
  Lines crumbs(1'200, {"cookie", "a=1"});
  EXPECT_EQ(peer.wait(peer.ask("GET", "/show", crumbs)).status, "200");
  EXPECT_EQ(peer.wait(peer.ask("GET", "/show")).status, "200");
}

TEST_F(RequestsTest, CannotSmuggle) {
  FramePeer peer(port());
  for (const Lines& lines :
       std::vector<Lines>{{{":method", "GET"},
                           {":scheme", "http"},
                           {":authority", "localhost"},
                           {":path", "/show HTTP/1.1\r\nHost: evil\r\n\r\nGET /forbidden"}},
                          {{":method", "GET"},
                           {":scheme", "http"},
                           {":authority", "localhost"},
                           {":path", "/a b"}},
                          {{":method", "GE T"},
                           {":scheme", "http"},
                           {":authority", "localhost"},
                           {":path", "/show"}},
                          {{":method", "GET"},
                           {":scheme", "http"},
                           {":authority", "localhost\r\nX-A: b"},
                           {":path", "/show"}},
                          {{":method", "GET"},
                           {":scheme", "http"},
                           {":authority", "localhost"},
                           {":path", "/show"},
                           {"x-a", "b\r\nc: d"}},
                          {{":method", "POST"},
                           {":scheme", "http"},
                           {":authority", "localhost"},
                           {":path", "/show"},
                           {"transfer-encoding", "chunked"}},
                          {{":method", "GET"},
                           {":scheme", "http"},
                           {":authority", "localhost"},
                           {":path", "/show"},
                           {"connection", "upgrade"}}}) {
    const Heard& answer = peer.wait(peer.ask_with(lines));
    EXPECT_TRUE(answer.reset) << lines[3].second << " " << answer.status;
  }
  // Two hosts are as wrong as in HTTP/1.1, and a foreign one too.
  EXPECT_EQ(peer.wait(peer.ask("GET", "/show", {{"host", "other"}})).status, "400");
  EXPECT_EQ(peer.wait(peer.ask_with({{":method", "GET"},
                                     {":scheme", "http"},
                                     {":authority", "evil.example"},
                                     {":path", "/show"}}))
                .status,
            "403");
  EXPECT_EQ(peer.wait(peer.ask("GET", "/show", {{"origin", "https://evil.example"}})).status,
            "403");
  EXPECT_EQ(peer.wait(peer.ask("GET", "/show")).status, "200");
}

TEST_F(RequestsTest, AnswersComeWholeWhateverTheirForm) {
  FramePeer peer(port(), 60'000);
  EXPECT_EQ(peer.wait(peer.ask("GET", "/big")).body, std::string(8 << 20, 'b'));
  EXPECT_EQ(peer.wait(peer.ask("GET", "/stream/three")).body, "onetwo" + std::string(100'000, 'x'));
  const Heard& head = peer.wait(peer.ask("HEAD", "/big"));
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(head.field("content-length"), std::to_string(8 << 20));
  EXPECT_EQ(peer.wait(peer.ask("DELETE", "/items/1")).status, "204");
  EXPECT_EQ(peer.wait(peer.ask("GET", "/sized/well")).body, "onetwo");
  EXPECT_EQ(peer.wait(peer.ask("GET", "/sized/short")).reset, NGHTTP2_INTERNAL_ERROR);
  EXPECT_EQ(peer.wait(peer.ask("GET", "/stream/fails")).reset, NGHTTP2_INTERNAL_ERROR);
  EXPECT_EQ(peer.wait(peer.ask("GET", "/ws")).status, "426");
  const Heard& waited = peer.wait(peer.ask("POST", "/show", {{"expect", "100-continue"}}, "b"));
  EXPECT_EQ(waited.status, "200");
}

TEST_F(RequestsTest, TrailersFollowABody) {
  FramePeer peer(port());
  const Heard& answer = peer.wait(peer.ask("GET", "/trailing"));
  EXPECT_EQ(answer.body, "one");
  EXPECT_THAT(answer.trailers,
              ::testing::ElementsAre(Pair("x-count", "1"), Pair("x-bad", "a  Set-Cookie: evil=1")));
  HttpPeer old(port());
  old.send("GET /trailing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(old.rest(), HasSubstr("\r\n0\r\nx-count: 1\r\nx-bad: a  Set-Cookie: evil=1\r\n\r\n"));
  EXPECT_EQ(peer.wait(peer.ask("POST", "/worded")).body, "words for 401");
}

TEST_F(RequestsTest, ManyAtOnceShareAConnection) {
  FramePeer peer(port());
  std::vector<std::int32_t> all;
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i) all.push_back(peer.ask("GET", "/brief"));
  for (std::int32_t id : all) EXPECT_EQ(peer.wait(id).status, "200");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
  EXPECT_EQ(running->connections(), 1U);
}

TEST_F(RequestsTest, ThatTheirPeerResetsEnd) {
  FramePeer peer(port());
  const std::int32_t stream = peer.ask("GET", "/stream/endless");
  ASSERT_TRUE(peer.until([&] { return !peer.heard[stream].body.empty(); }));
  const std::int32_t read = peer.ask("GET", "/slow");
  ASSERT_TRUE(eventually([&] { return echo.waiting == 2; }));
  peer.reset(stream);
  ASSERT_TRUE(eventually([&] { return echo.told + echo.cancelled >= 1; }));
  peer.reset(read);
  EXPECT_TRUE(eventually([&] { return echo.told + echo.cancelled >= 2; }));
  EXPECT_EQ(peer.wait(peer.ask("GET", "/show")).status, "200");
}

TEST_F(RequestsTest, ThatEndWithTheirCredentialAreTold) {
  FramePeer peer(port());
  const std::int32_t stream = peer.ask("GET", "/stream/endless");
  ASSERT_TRUE(peer.until([&] { return !peer.heard[stream].body.empty(); }));
  const std::int32_t read = peer.ask("GET", "/slow");
  ASSERT_TRUE(eventually([&] { return echo.waiting == 2; }));
  gate.ended = true;
  running->review();
  EXPECT_THAT(peer.wait(stream).body, HasSubstr(": bye"));
  EXPECT_EQ(peer.wait(read).status, "401");
}

}  // namespace
}  // namespace molecule::http2
