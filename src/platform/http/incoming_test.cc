// Bodies that a handler reads as they come, and streams of a known length.
#include "platform/http/server_fixture.h"
#include "testing/http_peer.h"

namespace molecule::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::HttpPeer;
using ::testing::StartsWith;

std::string post(std::string_view path, std::string_view lines) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, lines);
}

TEST_F(ServerTest, ABodyIsReadAsItComesAndTheConnectionGoesOn) {
  HttpPeer client(port());
  client.send(post("/pour/it", "Content-Length: 300000\r\n"));
  const std::string third(100'000, '\1');
  for (int i = 0; i < 2; ++i) client.send(third);
  EXPECT_TRUE(eventually([&] { return echo.largest > 0; })) << "before its end";
  EXPECT_EQ(echo.poured, 0);
  client.send(third + post("/show", "Content-Length: 2\r\n") + "hi");
  EXPECT_EQ(client.response().body, "300000 300000");
  EXPECT_THAT(client.response().body, HasSubstr("[hi]"));
  EXPECT_LE(echo.largest, 64u << 10);
}

TEST_F(ServerTest, AChunkedBodyIsReadAsItComes) {
  HttpPeer client(port());
  client.send(post("/pour/it", "Transfer-Encoding: chunked\r\n") + "3\r\n\1\1\1\r\n");
  client.send("2\r\n\1\1\r\n0\r\n\r\n" + post("/pour/it", "Content-Length: 1\r\n") + "\1");
  EXPECT_EQ(client.response().body, "5 5");
  EXPECT_EQ(client.response().body, "1 1");
  client.send(post("/pour/it", ""));
  EXPECT_EQ(client.response().body, "0 0");
  client.send(post("/pour/it", "Transfer-Encoding: chunked\r\n") + "x\r\n");
  EXPECT_EQ(client.response().status, 400);
}

TEST_F(ServerTest, ABodyThatIsReadAsItComesIsBoundedToo) {
  HttpPeer announced(port());
  announced.send(post("/pour/it", "Content-Length: 1048577\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(announced.response().status, 413);
  HttpPeer chunked(port());
  chunked.send(post("/pour/it", "Transfer-Encoding: chunked\r\n") + "100001\r\n" +
               std::string(0x100001, 'x'));
  EXPECT_EQ(chunked.response().status, 413);
}

TEST_F(ServerTest, WhoIsRefusedBeforeTheBodyIsNotAskedForIt) {
  HttpPeer client(port());
  client.send(post("/pour/early", "Content-Length: 100\r\nExpect: 100-continue\r\n"));
  EXPECT_THAT(client.until("\r\n\r\n"), StartsWith("HTTP/1.1 409 "));
  HttpPeer other(port());
  other.send(post("/pour/it", "Content-Length: 2\r\nExpect: 100-continue\r\n"));
  EXPECT_THAT(other.until("\r\n\r\n"), StartsWith("HTTP/1.1 100 "));
  other.send("\1\1");
  EXPECT_EQ(other.response().body, "2 2");
}

TEST_F(ServerTest, AHandlerLearnsThatItsSenderIsGone) {
  {
    HttpPeer client(port());
    client.send(post("/pour/it", "Content-Length: 100\r\n") + "half");
    EXPECT_TRUE(eventually([&] { return echo.largest > 0; }));
  }
  HttpPeer next(port());
  EXPECT_EQ(next.ask("GET", "/show").status, 200);
  EXPECT_EQ(echo.poured, 0);
}

TEST_F(ServerTest, AStreamOfKnownLengthSaysItAndIsHeldToIt) {
  HttpPeer client(port());
  client.send("GET /sized/whole HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string head = client.until("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Content-Length: 6\r\n"));
  EXPECT_THAT(head, ::testing::Not(HasSubstr("chunked")));
  EXPECT_EQ(client.bytes(6), "onetwo");
  EXPECT_EQ(client.ask("GET", "/show").status, 200);
  client.send("GET /sized/short HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.until("\r\n\r\n");
  EXPECT_EQ(client.rest(), "one") << "and the connection has ended";
}

}  // namespace
}  // namespace molecule::http
