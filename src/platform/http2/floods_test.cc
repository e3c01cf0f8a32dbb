// Peers that send frames without end, take nothing, or break the protocol: what they cost is
// bounded, and who shares the server with them notices nothing.
#include "platform/http2/frames_fixture.h"

namespace molecule::http2 {
namespace {

using namespace std::chrono_literals;
using testing::HttpPeer;

constexpr std::uint8_t data_frame = 0, headers_frame = 1, settings_frame = 4, ping_frame = 6,
                       window_frame = 8, continuation_frame = 9;
constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::uint8_t end_stream = 1, end_headers = 4;

class FrameFloodTest : public FramesTest {
 protected:
  // Sends a frame again and again until the server has had enough.
  void flood(FramePeer& peer, const std::string& frame, int times = 20'000) {
    std::string many;
    for (int i = 0; i < 100; ++i) many += frame;
    for (int i = 0; i < times / 100; ++i) peer.socket.send(many);
  }
  std::uint64_t floods() { return registry.counter("molecule_http2_floods_total", "").value(); }
  void still_serves() {
    FramePeer other(port());
    EXPECT_EQ(other.wait(other.ask("GET", "/show")).status, "200");
  }
};

TEST_F(FrameFloodTest, OfFramesThatBringNothingEnds) {
  struct {
    std::string_view what;
    std::string frame;
    int times = 20'000;
  } const kinds[] = {
      {"pings", FramePeer::frame_text(ping_frame, 0, 0, "12345678")},
      {"settings", FramePeer::frame_text(settings_frame, 0, 0)},
      {"credit", FramePeer::frame_text(window_frame, 0, 0, std::string("\0\0\0\1", 4))},
      {"unknown frames", FramePeer::frame_text(0x7b, 0, 0, std::string(16'000, 'x')), 4000},
      {"priorities", FramePeer::frame_text(2, 0, 9, std::string("\0\0\0\0\1", 5))},
  };
  for (const auto& kind : kinds) {
    FramePeer peer(port());
    peer.wait(peer.ask("GET", "/show"));
    SCOPED_TRACE(kind.what);
    peer.socket.patience = 3s;
    flood(peer, kind.frame, kind.times);
    EXPECT_EQ(peer.ending().value_or(NGHTTP2_ENHANCE_YOUR_CALM), NGHTTP2_ENHANCE_YOUR_CALM)
        << kind.what;
    EXPECT_TRUE(peer.over) << kind.what;
  }
  still_serves();
}

TEST_F(FrameFloodTest, OfEmptyDataEnds) {
  FramePeer peer(port());
  const std::int32_t id = peer.ask("POST", "/pour/all", {}, "a", true);
  flood(peer, FramePeer::frame_text(data_frame, 0, static_cast<std::uint32_t>(id)));
  peer.ending();
  EXPECT_TRUE(peer.over);
  still_serves();
}

TEST_F(FrameFloodTest, OfRequestsThatAreResetAtOnceEnds) {
  FramePeer peer(port());
  for (int i = 0; i < 4000; ++i) {
    const std::int32_t id = peer.ask("POST", "/slow");
    if (id < 0) break;
    peer.reset(id);
  }
  peer.ending();
  EXPECT_TRUE(peer.over);
  // Not more were at work than may be asked for at once.
  EXPECT_LE(echo.waiting, 250);
  still_serves();
}

TEST_F(FrameFloodTest, OfRequestsThatRunOnAfterTheirResetIsRefused) {
  bounds.requests = 5;
  FramePeer peer(port());
  for (int i = 0; i < 5; ++i) {
    const std::int32_t id = peer.ask("POST", "/slow");
    ASSERT_TRUE(eventually([&] { return echo.waiting == i + 1; }));
    peer.reset(id);
  }
  EXPECT_EQ(peer.wait(peer.ask("GET", "/show")).reset, NGHTTP2_REFUSED_STREAM);
  still_serves();
}

TEST_F(FrameFloodTest, OfRequestsOverManyConnectionsIsBoundedAsConnectionsAre) {
  settings.limits.connections = 6;
  bounds.requests = 4;
  FramePeer one(port()), two(port());
  std::vector<std::pair<FramePeer*, std::int32_t>> all;
  for (FramePeer* peer : {&one, &two}) {
    for (int i = 0; i < 4; ++i) all.emplace_back(peer, peer->ask("GET", "/brief"));
  }
  int served = 0, refused = 0;
  for (auto [peer, id] : all) {
    const Heard& answer = peer->wait(id);
    served += answer.status == "200";
    refused += answer.reset == NGHTTP2_REFUSED_STREAM;
  }
  EXPECT_EQ(served, 6);
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(two.wait(two.ask("GET", "/show")).status, "200");
  // Who dials has its own room.
  HttpPeer old(port());
  EXPECT_EQ(old.ask("GET", "/show").status, 200);
}

TEST_F(FrameFloodTest, OfFieldsEnds) {
  FramePeer peer(port());
  peer.wait(peer.ask("GET", "/show"));
  // An indexed field each: :method GET, a byte on the wire.
  peer.raw(headers_frame, end_stream, 101, std::string(16'000, '\x82'));
  for (int i = 0; i < 2000; ++i) peer.raw(continuation_frame, 0, 101, std::string(16'000, '\x82'));
  peer.ending();
  EXPECT_TRUE(peer.over);
  still_serves();
}

TEST_F(FrameFloodTest, AHeadThatNeverEndsIsNotWaitedFor) {
  settings.limits.head = 400ms;
  HttpPeer peer(port());
  peer.send(std::string(preface) + FramePeer::frame_text(settings_frame, 0, 0) +
            FramePeer::frame_text(headers_frame, end_stream, 1, "\x82"));
  const auto begun = std::chrono::steady_clock::now();
  peer.rest();
  EXPECT_GT(std::chrono::steady_clock::now() - begun, 300ms);
}

TEST_F(FrameFloodTest, AConnectionThatAsksNothingIsClosed) {
  settings.limits.head = 400ms;
  settings.limits.keep_alive = 600ms;
  HttpPeer silent(port());
  silent.send(preface);
  silent.rest();
  FramePeer idle(port());
  idle.wait(idle.ask("GET", "/show"));
  EXPECT_EQ(idle.ending(), NGHTTP2_NO_ERROR);
}

TEST_F(FrameFloodTest, APeerThatIsGoneWithoutAWordIsFound) {
  bounds.ping_every = 300ms;
  HttpPeer gone(port());
  // It asks for a stream and says nothing more: :method GET, :scheme http, :path /stream/endless,
  // :authority localhost.
  std::string head = "\x82\x86\x04\x0f/stream/endless\x01\x09localhost";
  gone.send(std::string(preface) + FramePeer::frame_text(settings_frame, 0, 0) +
            FramePeer::frame_text(headers_frame, end_stream | end_headers, 1, head));
  ASSERT_TRUE(eventually([&] { return echo.waiting == 1; }));
  EXPECT_TRUE(eventually([&] { return echo.told + echo.cancelled == 1; }));
}

TEST_F(FrameFloodTest, BytesThatAreNoHttp2EndTheConnection) {
  HttpPeer magic(port());
  magic.send("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
  magic.rest();
  FramePeer large(port());
  large.raw(data_frame, 0, 1, std::string(20'000, 'x'));
  EXPECT_EQ(large.ending(), NGHTTP2_FRAME_SIZE_ERROR);
  FramePeer odd(port());
  odd.raw(headers_frame, end_stream | end_headers, 2, "\x82");
  EXPECT_EQ(odd.ending(), NGHTTP2_PROTOCOL_ERROR);
  FramePeer packed(port());
  packed.raw(headers_frame, end_stream | end_headers, 1, "\xff\xff\xff\xff\xff\xff\xff\xff\xff");
  EXPECT_EQ(packed.ending(), NGHTTP2_COMPRESSION_ERROR);
  still_serves();
}

TEST_F(FrameFloodTest, WhoTakesNothingHoldsLittleAndIsLeft) {
  settings.limits.write_stall = 1000ms;
  FramePeer peer(port(), 0);
  std::vector<std::int32_t> all;
  for (int i = 0; i < 200; ++i) all.push_back(peer.ask("GET", "/stream/flood"));
  // A small answer is out of its handler's hands at once, and must not wait for ever either.
  const std::int32_t small = peer.ask("GET", "/show");
  ASSERT_TRUE(peer.until([&] { return peer.heard[small].reset.has_value(); }));
  for (std::int32_t id : all)
    ASSERT_TRUE(peer.until([&] { return peer.heard[id].closed(); })) << id;
  EXPECT_TRUE(eventually([&] { return echo.cancelled == 200; }));
  EXPECT_EQ(echo.written, 0);
  still_serves();
}

TEST_F(FrameFloodTest, AReaderThatPausesStopsItsWriterAndNobodyElses) {
  FramePeer peer(port(), 100'000);
  const std::int32_t slow = peer.ask("GET", "/stream/flood");
  // Its credit comes when the test reads; it does not for a while.
  ASSERT_TRUE(eventually([&] { return echo.written > 0; }));
  // Turns of the loop, in which a writer that nobody stops would write on.
  FramePeer other(port());
  for (int turns = 0; turns < 200; ++turns)
    ASSERT_EQ(other.wait(other.ask("GET", "/show")).status, "200");
  EXPECT_LT(echo.written, 2 << 20);
  EXPECT_EQ(peer.wait(peer.ask("GET", "/show")).status, "200");
  ASSERT_TRUE(peer.until([&] { return peer.heard[slow].body.size() > (1 << 20); }));
  peer.reset(slow);
  EXPECT_TRUE(eventually([&] { return echo.cancelled == 1; }));
}

TEST_F(FrameFloodTest, OneRequestThatIsNotReadLeavesTheOthersTheirWay) {
  // Bodies that the gate turns down are not read; the connection's credit comes back all the same.
  FramePeer peer(port());
  for (int i = 0; i < 40; ++i) {
    const Heard& answer = peer.wait(peer.ask("POST", "/forbidden", {}, std::string(100'000, 'n')));
    ASSERT_EQ(answer.status, "401") << i;
  }
  EXPECT_EQ(peer.wait(peer.ask("POST", "/show", {}, std::string(100'000, 'y'))).status, "200");
}

TEST_F(FrameFloodTest, DrainingTellsEverybody) {
  FramePeer idle(port());
  idle.wait(idle.ask("GET", "/show"));
  FramePeer busy(port());
  const std::int32_t stream = busy.ask("GET", "/stream/endless");
  const std::int32_t brief = busy.ask("GET", "/brief");
  ASSERT_TRUE(busy.until([&] { return !busy.heard[stream].body.empty(); }));
  ASSERT_TRUE(eventually([&] { return echo.waiting == 2; }));
  const auto begun = std::chrono::steady_clock::now();
  ask_to_stop();
  EXPECT_EQ(idle.ending(), NGHTTP2_NO_ERROR);
  EXPECT_EQ(busy.ending(), NGHTTP2_NO_ERROR);
  EXPECT_EQ(busy.heard[brief].status, "200");
  EXPECT_TRUE(busy.heard[stream].ended);
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

}  // namespace
}  // namespace molecule::http2
