#include "platform/http/server_fixture.h"

namespace molecule::http {
namespace {

using ::testing::HasSubstr;
using testing::HttpPeer;
using testing::PeerResponse;

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  HttpPeer client = peer();
  for (int i = 0; i < 3; ++i) {
    PeerResponse response = client.ask("GET", "/show?a=1");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "GET /show?a=1 [] peer=127.0.0.1 secure=false");
    EXPECT_EQ(response.header("Content-Type"), "text/plain");
    EXPECT_EQ(response.header("Connection"), "");
  }
}

TEST_F(ServerTest, EveryResponseCarriesTheSecurityHeaders) {
  HttpPeer client = peer();
  PeerResponse response = client.ask("GET", "/nowhere");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(response.header("X-Frame-Options"), "DENY");
  EXPECT_EQ(response.header("Referrer-Policy"), "strict-origin-when-cross-origin");
  EXPECT_EQ(response.header("Permissions-Policy"), "camera=(), microphone=(), geolocation=()");
  EXPECT_EQ(response.header("Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'");
  EXPECT_EQ(response.header("Strict-Transport-Security"), "");
  EXPECT_EQ(response.header("Date").size(), 29U);
}

}  // namespace
}  // namespace molecule::http
