// Whole requests over real sockets: routing, refusals, framing, limits, drain.

#include <algorithm>
#include <mutex>

#include "platform/http/server_fixture.h"
#include "platform/log/log.h"
#include "testing/http_peer.h"

namespace molecule::http {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::HttpPeer;
using ::testing::Not;
using testing::PeerResponse;

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  HttpPeer client(port());
  for (int i = 0; i < 3; ++i) {
    PeerResponse response = client.ask("GET", "/show?a=1");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "GET /show?a=1 [] peer=127.0.0.1 secure=false way=direct");
    EXPECT_EQ(response.header("Content-Type"), "text/plain");
    EXPECT_EQ(response.header("Connection"), "");
  }
}

TEST_F(ServerTest, EveryResponseCarriesTheSecurityHeaders) {
  HttpPeer client(port());
  PeerResponse response = client.ask("GET", "/nowhere");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(response.header("X-Frame-Options"), "DENY");
  EXPECT_EQ(response.header("Referrer-Policy"), "strict-origin-when-cross-origin");
  EXPECT_EQ(response.header("Permissions-Policy"), "camera=(), microphone=(), geolocation=()");
  EXPECT_EQ(response.header("Content-Security-Policy"),
            "default-src 'none'; frame-ancestors 'none'");
  EXPECT_EQ(response.header("Cache-Control"), "no-store");
  EXPECT_EQ(response.header("Strict-Transport-Security"), "");
  EXPECT_EQ(response.header("Date").size(), 29U);
}

TEST_F(ServerTest, AnswersTellTheQuotaThatTheGateTold) {
  HttpPeer client(port());
  PeerResponse counted = client.ask("GET", "/quota/fault");
  EXPECT_EQ(counted.status, 409);
  EXPECT_EQ(counted.header("X-RateLimit-Limit"), "4294967295");
  EXPECT_EQ(counted.header("X-RateLimit-Remaining"), "0");
  EXPECT_EQ(counted.header("X-RateLimit-Reset"), "60");
  PeerResponse unlimited = client.ask("GET", "/quota/none");
  EXPECT_EQ(unlimited.header("X-RateLimit-Limit"), "unlimited");
  EXPECT_EQ(unlimited.header("X-RateLimit-Remaining"), "");
  EXPECT_EQ(client.ask("GET", "/show").header("X-RateLimit-Limit"), "") << "nothing was told";
}

TEST_F(ServerTest, RoutesByPathAndMethod) {
  HttpPeer client(port());
  EXPECT_THAT(client.ask("GET", "/items/a%20b").body, HasSubstr("{a b}"));
  EXPECT_THAT(client.ask("GET", "/items/special").body, Not(HasSubstr("{")));
  EXPECT_THAT(client.ask("PUT", "/items/special").body, HasSubstr("{special}"));
  EXPECT_THAT(client.ask("GET", "/items/special/parts/x%2Fy").body, HasSubstr("{special} {x/y}"));
  EXPECT_THAT(client.ask("POST", "/items/7:cancel").body, HasSubstr("{7}"));
  EXPECT_THAT(client.ask("GET", "/").body, HasSubstr("GET /?"));
  EXPECT_EQ(client.ask("DELETE", "/items/7").status, 204);
  for (const char* absent : {"/items", "/items/", "/items/7/parts", "/items//parts/1", "//show",
                             "/Show", "/show/more"}) {
    EXPECT_EQ(client.ask("GET", absent).status, 404) << absent;
  }
  EXPECT_THAT(client.ask("GET", "/tree/7/of/a%20b/c%2Fd/%FF").body,
              HasSubstr("{7} {a b/c/d/\xff}"));
  EXPECT_THAT(client.ask("GET", "/tree/7/of/a/b//").body, HasSubstr("{7} {a/b//}"));
  EXPECT_THAT(client.ask("GET", "/tree/7/of/known").body, HasSubstr("{7}"));
  EXPECT_THAT(client.ask("GET", "/tree/7/of/known").body, Not(HasSubstr("known}")));
  EXPECT_THAT(client.ask("GET", "/tree/7/of/known/more").body, HasSubstr("{known/more}"));
  for (const char* absent : {"/tree/7/of", "/tree/7/of/"})
    EXPECT_EQ(client.ask("GET", absent).status, 404) << absent;
  EXPECT_EQ(client.ask("PUT", "/tree/7/of/a/b").status, 405);
  PeerResponse wrong = client.ask("PATCH", "/items/special");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("Allow"), "GET, HEAD, PUT, DELETE, OPTIONS");
  EXPECT_THAT(wrong.body, HasSubstr("\"code\":\"method_not_allowed\""));
  PeerResponse options = client.ask("OPTIONS", "/small");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("Allow"), "POST, OPTIONS");
  EXPECT_EQ(client.ask("OPTIONS", "*").status, 204);
  PeerResponse slash = client.ask("GET", "/show/?q=1");
  EXPECT_EQ(slash.status, 301);
  EXPECT_EQ(slash.header("Location"), "../show?q=1");
  EXPECT_EQ(client.ask("POST", "/small/").status, 307);
}

TEST_F(ServerTest, HeadIsGetWithoutTheBody) {
  HttpPeer client(port());
  PeerResponse head = client.ask("HEAD", "/show");
  EXPECT_EQ(head.status, 200);
  PeerResponse get = client.ask("GET", "/show");
  // The echo shows the method, which is one letter longer.
  EXPECT_EQ(std::stoul(head.header("Content-Length")), get.body.size() + 1);
  EXPECT_EQ(client.ask("HEAD", "/stream/endless").status, 200);
  EXPECT_EQ(client.ask("GET", "/show").status, 200);
}

TEST_F(ServerTest, TheFallbackAnswersUnknownPathsAsPages) {
  router.fallback([](const Request& request) {
    if (request.method == Method::post) return error_response(404, "not_here", "no page");
    Response response;
    response.content_type = "text/html";
    response.fixed = "<p>page</p>";
    if (request.path == "/own")
      response.headers.emplace_back("Content-Security-Policy", "default-src *");
    return response;
  });
  HttpPeer client(port());
  PeerResponse page = client.ask("GET", "/claim/abc");
  EXPECT_EQ(page.body, "<p>page</p>");
  EXPECT_EQ(page.header("Cache-Control"), "");
  EXPECT_THAT(page.header("Content-Security-Policy"),
              HasSubstr("style-src 'self' 'unsafe-inline'"));
  EXPECT_EQ(client.ask("GET", "/own").header("Content-Security-Policy"), "default-src *");
  PeerResponse posted = client.ask("POST", "/claim/abc");
  EXPECT_EQ(posted.status, 404);
  EXPECT_THAT(posted.body, HasSubstr("not_here"));
  // Behind a proxy that changes the Host a page's own parts look like another site's.
  const std::string elsewhere = "Origin: https://people.example\r\n";
  PeerResponse part = client.ask("GET", "/assets/app.js", elsewhere);
  EXPECT_EQ(part.status, 200);
  EXPECT_EQ(part.header("Access-Control-Allow-Origin"), "") << "and other pages cannot read it";
  EXPECT_EQ(client.ask("GET", "/show", elsewhere).status, 403);
  EXPECT_EQ(client.ask("POST", "/claim/abc", elsewhere).status, 403);
  EXPECT_EQ(client.ask("PATCH", "/show").status, 405);
}

TEST_F(ServerTest, FailuresBecomeStatusAndCode) {
  HttpPeer client(port());
  PeerResponse taken = client.ask("GET", "/fails/fault");
  EXPECT_EQ(taken.status, 409);
  EXPECT_EQ(taken.body, "{\"error\":\"it is taken\",\"code\":\"taken\",\"holder\":\"me\"}");
  PeerResponse late = client.ask("GET", "/fails/late");
  EXPECT_EQ(late.status, 429);
  EXPECT_EQ(late.header("Retry-After"), "7");
  PeerResponse defect = client.ask("GET", "/fails/unknown", "X-Request-Id: trace-7\r\n");
  EXPECT_EQ(defect.status, 500);
  EXPECT_THAT(defect.body, Not(HasSubstr("secret detail")));
  EXPECT_EQ(defect.header("X-Request-Id"), "trace-7");
  PeerResponse split = client.ask("GET", "/fails/header");
  EXPECT_EQ(split.header("Set-Cookie"), "");
  EXPECT_EQ(split.header("X-Bad"), "a  Set-Cookie: evil=1");
}

TEST_F(ServerTest, RequestIdsAreKeptOrMade) {
  HttpPeer client(port());
  EXPECT_EQ(client.ask("GET", "/show", "X-Request-Id: abc-1\r\n").header("X-Request-Id"), "abc-1");
  std::string first = client.ask("GET", "/show").header("X-Request-Id");
  std::string second = client.ask("GET", "/show", "X-Request-Id: a b\r\n").header("X-Request-Id");
  std::string third = client.ask("GET", "/show", "X-Request-Id: " + std::string(65, 'a') + "\r\n")
                          .header("X-Request-Id");
  EXPECT_FALSE(first.empty());
  EXPECT_NE(first, second);
  EXPECT_NE(second, third);
  EXPECT_LT(third.size(), 30U);
}

TEST_F(ServerTest, TheGateDecidesBeforeTheBodyIsRead) {
  HttpPeer client(port());
  EXPECT_EQ(client.ask("GET", "/forbidden").status, 401);
  // A body that has arrived is stepped over; one that has not ends the connection.
  EXPECT_EQ(client.ask("POST", "/forbidden", "", "GET /show HTTP/1.1\r\n\r\n").status, 401);
  EXPECT_EQ(client.ask("GET", "/show").status, 200);
  client.send("POST /forbidden HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n");
  PeerResponse response = client.response();
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.header("Connection"), "close");
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(echo.calls, 1);
}

TEST_F(ServerTest, BodiesArriveWholeHoweverTheyAreCut) {
  HttpPeer client(port());
  EXPECT_THAT(client.ask("POST", "/show", "", "hello").body, HasSubstr("[hello]"));
  client.send("POST /show HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nab");
  std::this_thread::sleep_for(20ms);
  client.send("cd");
  std::this_thread::sleep_for(20ms);
  client.send("efGET /show?next HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.response().body, HasSubstr("[abcdef]"));
  EXPECT_THAT(client.response().body, HasSubstr("/show?next"));
  client.send(
      "POST /show HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  std::this_thread::sleep_for(20ms);
  client.send("2\r\nde\r\n0\r\n\r\nGET /show?then HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.response().body, HasSubstr("[abcde]"));
  EXPECT_THAT(client.response().body, HasSubstr("/show?then"));
  std::string large(3 << 20, 'L');
  EXPECT_THAT(client.ask("POST", "/show", "", large).body, HasSubstr("[" + large + "]"));
  EXPECT_EQ(client.ask("GET", "/show").status, 200);
}

TEST_F(ServerTest, RequestsMeanTheSameWhereverTheirBytesAreCut) {
  const std::string all =
      "GET /show?1 HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "POST /show?2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
      "POST /show?3 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x\r\nc\r\n0\r\nT: v\r\n\r\n"
      "GET /show?4 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  for (std::size_t cut = 1; cut < all.size(); ++cut) {
    HttpPeer client(port());
    client.send(std::string_view(all).substr(0, cut));
    std::this_thread::sleep_for(1ms);
    client.send(std::string_view(all).substr(cut));
    EXPECT_THAT(client.response().body, HasSubstr("?1 []")) << cut;
    EXPECT_THAT(client.response().body, HasSubstr("?2 [hello]")) << cut;
    EXPECT_THAT(client.response().body, HasSubstr("?3 [abc]")) << cut;
    EXPECT_THAT(client.response().body, HasSubstr("?4 []")) << cut;
    EXPECT_TRUE(client.ended()) << cut;
  }
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  HttpPeer client(port());
  std::string all;
  for (int i = 0; i < 200; ++i) {
    std::string body = "b" + std::to_string(i);
    all += "POST /show?" + std::to_string(i) +
           " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
    if (i % 50 == 7) all += "GET /brief HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  client.send(all);
  for (int i = 0; i < 200; ++i) {
    std::string number = std::to_string(i);
    EXPECT_THAT(client.response().body, HasSubstr("?" + number + " [b" + number + "]"));
    if (i % 50 == 7) {
      EXPECT_EQ(client.response().body, "{}");
    }
  }
}

TEST_F(ServerTest, ExpectContinueIsAnsweredBeforeTheBody) {
  HttpPeer client(port());
  client.send(
      "POST /show HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_THAT(client.response().body, HasSubstr("[ok]"));
  client.send(
      "POST /small HTTP/1.1\r\nHost: localhost\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.response().status, 413);
  EXPECT_TRUE(client.ended());
}

TEST_F(ServerTest, ALongBodyIsReadWhereItKeepsNobodyWaiting) {
  io::Aside aside;
  router.read_aside(aside);
  // The thread that reads long bodies has something else to do.
  std::atomic<bool> go = false;
  io::Loop other;
  std::jthread busy([&] { io::run(other, aside.run([&] { go.wait(false); })); });
  const std::string small = R"({"a":[1,2]})";
  const std::string text = "[\"" + std::string(io::short_text_max, 'x') + "\"]";
  HttpPeer patient(port()), quick(port());
  patient.send(
      fmt::format("POST /parsed HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}",
                  text.size(), text));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(quick.ask("POST", "/parsed", "", small).body, small);
  go = true;
  go.notify_all();
  EXPECT_EQ(patient.response().body, text);
  EXPECT_EQ(patient.ask("POST", "/parsed", "", text + "!").status, 400);
  busy.join();
  stop();
}

TEST_F(ServerTest, BodiesAboveTheRoutesCapAreRefused) {
  EXPECT_EQ(HttpPeer(port()).ask("POST", "/small", "", std::string(100, 'x')).status, 200);
  PeerResponse response = HttpPeer(port()).ask("POST", "/small", "", std::string(101, 'x'));
  EXPECT_EQ(response.status, 413);
  EXPECT_THAT(response.body,
              HasSubstr("\"code\":\"body_too_large\",\"truncated\":true,\"max_bytes\":100}"));
  HttpPeer chunked(port());
  chunked.send(
      "POST /small HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n" +
      std::string(64, 'x') + "\r\n40\r\n" + std::string(64, 'x') + "\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.response().status, 413);
  EXPECT_TRUE(chunked.ended());
  // The answer survives a client that sends everything before it reads.
  HttpPeer large(port());
  EXPECT_EQ(large.ask("POST", "/show", "", std::string(5 << 20, 'x')).status, 413);
}

TEST_F(ServerTest, AllBodiesTogetherAreBounded) {
  settings.limits.bodies = 100'000;
  HttpPeer first(port());
  first.send(
      "POST /show HTTP/1.1\r\nHost: localhost\r\nX-Member: yes\r\nContent-Length: 80000\r\n\r\n" +
      std::string(70'000, 'x'));
  std::this_thread::sleep_for(50ms);
  PeerResponse second =
      HttpPeer(port()).ask("POST", "/show", "X-Member: yes\r\n", std::string(60'000, 'y'));
  EXPECT_EQ(second.status, 503);
  EXPECT_EQ(second.header("Retry-After"), "1");
  first.send(std::string(10'000, 'x'));
  EXPECT_EQ(first.response().status, 200);
  EXPECT_EQ(
      HttpPeer(port()).ask("POST", "/show", "X-Member: yes\r\n", std::string(60'000, 'y')).status,
      200);
}

TEST_F(ServerTest, WhateverIsAmbiguousIsRefusedAndEndsTheConnection) {
  const std::string smuggled = "GET /show?smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (
      const char* head :
      {"POST /show HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "POST /show HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
       "POST /show HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
       "POST /show HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
       "POST /show HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\n\n",
       "POST /show HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
       "POST /show HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "GET /show HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
       "GET /show HTTP/1.1\nHost: localhost\n\n", "GET /show HTTP/1.1\r\n\r\n",
       "GET /show HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
       "GET /../show HTTP/1.1\r\nHost: localhost\r\n\r\n", "nonsense\r\n\r\n"}) {
    HttpPeer client(port());
    client.send(head + smuggled);
    PeerResponse response = client.response();
    EXPECT_GE(response.status, 400) << head;
    EXPECT_EQ(response.header("Connection"), "close") << head;
    client.end_sending();
    EXPECT_TRUE(client.ended()) << head;
  }
  EXPECT_EQ(echo.calls, 0);
}

TEST_F(ServerTest, OldClientsAreServedAndClosed) {
  HttpPeer client(port());
  client.send("GET /show HTTP/1.0\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.response().header("Connection"), "close");
  EXPECT_TRUE(client.ended());
  HttpPeer keeping(port());
  keeping.send("GET /show HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(keeping.response().header("Connection"), "keep-alive");
  keeping.send("GET /stream/three HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n");
  PeerResponse stream = keeping.response();
  EXPECT_EQ(stream.header("Transfer-Encoding"), "");
  EXPECT_EQ(stream.body, "onetwo" + std::string(100'000, 'x'));
}

namespace {
struct Lines final : log::Sink {
  void write(std::string_view line) noexcept override {
    std::lock_guard hold(mutex);
    text += line;
  }
  std::mutex mutex;
  std::string text;
};
}  // namespace

TEST_F(ServerTest, ARefusedHostOrOriginIsLoggedOnceWithTheSettingThatAllowsIt) {
  auto ask = [&](std::string_view host, std::string_view origin) {
    HttpPeer client(port());
    client.send(
        fmt::format("GET /show HTTP/1.1\r\nHost: {}\r\nOrigin: https://{}\r\n\r\n", host, origin));
    return client.response(false).status;
  };
  auto told = [&](std::string_view field, std::string_view setting, auto&& ask_for) {
    Lines lines;
    log::start(log::Level::warn, &lines);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(ask_for("lan.example:8080"), 403);
    for (int i = 0; i < 30; ++i) EXPECT_EQ(ask_for(fmt::format("n{}.example", i)), 403);
    log::stop();
    std::lock_guard hold(lines.mutex);
    const auto count = std::count(lines.text.begin(), lines.text.end(), '\n');
    EXPECT_GT(count, 1);
    EXPECT_LE(count, 8);
    EXPECT_THAT(lines.text, HasSubstr(field));
    EXPECT_THAT(lines.text, HasSubstr(setting));
  };
  told("\"host\":\"lan.example\"", "MOLECULE_HOSTS",
       [&](std::string_view host) { return ask(host, host); });
  told("\"origin\":\"https://lan.example:8080\"", "PLATFORM_URL",
       [&](std::string_view origin) { return ask("localhost", origin); });
}

TEST_F(ServerTest, HostsAndOriginsAreChecked) {
  settings.hosts = {"molecule.example"};
  settings.cors_origins = {"https://canvas.example"};
  auto ask = [&](std::string_view headers, std::string_view method = "GET") {
    HttpPeer client(port());
    client.send(std::string(method) + " /show HTTP/1.1\r\n" + std::string(headers) + "\r\n");
    return client.response(method == "HEAD");
  };
  EXPECT_EQ(ask("Host: molecule.example\r\n").status, 200);
  PeerResponse rebound = ask("Host: evil.example\r\n");
  EXPECT_EQ(rebound.status, 403);
  EXPECT_THAT(rebound.body, HasSubstr("\"code\":\"host_not_allowed\""));
  EXPECT_EQ(rebound.header("X-Frame-Options"), "DENY");
  // Who meant it learns what to set.
  EXPECT_THAT(rebound.body, HasSubstr("--hosts evil.example or MOLECULE_HOSTS=evil.example"));

  PeerResponse same = ask("Host: molecule.example\r\nOrigin: https://molecule.example\r\n");
  EXPECT_EQ(same.status, 200);
  EXPECT_EQ(same.header("Access-Control-Allow-Origin"), "");
  PeerResponse listed = ask("Host: localhost\r\nOrigin: https://canvas.example\r\n");
  EXPECT_EQ(listed.status, 200);
  EXPECT_EQ(listed.header("Access-Control-Allow-Origin"), "https://canvas.example");
  EXPECT_EQ(listed.header("Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(listed.header("Vary"), "Origin");
  PeerResponse stranger = ask("Host: localhost\r\nOrigin: https://evil.example\r\n", "POST");
  EXPECT_EQ(stranger.status, 403);
  EXPECT_THAT(stranger.body, HasSubstr("\"code\":\"origin_not_allowed\""));
  EXPECT_EQ(stranger.header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(ask("Host: localhost\r\nOrigin: null\r\n").status, 403);

  PeerResponse preflight = ask(
      "Host: localhost\r\nOrigin: https://canvas.example\r\nAccess-Control-Request-Method: PATCH\r\n",
      "OPTIONS");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_THAT(preflight.header("Access-Control-Allow-Methods"), HasSubstr("PATCH"));
  EXPECT_THAT(preflight.header("Access-Control-Allow-Headers"), HasSubstr("Authorization"));
  EXPECT_EQ(
      ask("Host: localhost\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: PATCH\r\n",
          "OPTIONS")
          .status,
      403);
}

TEST_F(ServerTest, OnlyTrustedProxiesNameTheClient) {
  HttpPeer untrusted(port());
  EXPECT_THAT(
      untrusted.ask("GET", "/show", "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: https\r\n")
          .body,
      HasSubstr("peer=127.0.0.1 secure=false"));
}

TEST_F(ServerTest, ATrustedProxyNamesTheClientFromTheRight) {
  settings.trusted_proxies = {"127.0.0.0/8", "10.0.0.0/8"};
  HttpPeer client(port());
  PeerResponse response =
      client.ask("GET", "/show",
                 "X-Forwarded-For: 1.1.1.1, 9.9.9.9, 10.1.2.3\r\nX-Forwarded-Proto: https\r\n");
  EXPECT_THAT(response.body, HasSubstr("peer=9.9.9.9 secure=true"));
  EXPECT_EQ(response.header("Strict-Transport-Security"), "max-age=31536000; includeSubDomains");
  EXPECT_THAT(client.ask("GET", "/show", "X-Forwarded-For: 1.1.1.1, junk\r\n").body,
              HasSubstr("peer=127.0.0.1"));
}

TEST_F(ServerTest, AProxyMayWriteAPortAndTheAddressThatPeopleUse) {
  settings.trusted_proxies = {"127.0.0.0/8"};
  settings.hosts = {"mol.example"};
  HttpPeer client(port());
  PeerResponse response = client.ask("GET", "/show",
                                     "X-Forwarded-For: 9.9.9.9:52001\r\nX-Forwarded-Host: "
                                     "mol.example\r\nOrigin: https://mol.example\r\n");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("peer=9.9.9.9 secure=false"));
  EXPECT_EQ(client.ask("GET", "/show", "X-Forwarded-Host: evil.example\r\n").status, 403);
}

TEST_F(ServerTest, HowARequestCameIsJudgedByItsConnectionAndItsHeaders) {
  HttpPeer client(port());
  EXPECT_THAT(client.ask("GET", "/show").body, HasSubstr("way=direct"));
  for (std::string header : {"X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 x",
                             "X-Real-IP: 127.0.0.1", "X-Forwarded-Proto: http"}) {
    EXPECT_THAT(client.ask("GET", "/show", header + "\r\n").body, HasSubstr("way=claimed"))
        << header;
  }
}

TEST_F(ServerTest, AConnectionOfATrustedProxyIsSaidToBe) {
  settings.trusted_proxies = {"127.0.0.0/8"};
  HttpPeer client(port());
  EXPECT_THAT(client.ask("GET", "/show").body, HasSubstr("way=proxied"));
}

TEST_F(ServerTest, LargeResponsesReachASlowReader) {
  HttpPeer client(port());
  client.send(
      "GET /big HTTP/1.1\r\nHost: localhost\r\n\r\nGET /show HTTP/1.1\r\nHost: localhost\r\n\r\n");
  std::this_thread::sleep_for(50ms);
  EXPECT_EQ(client.response().body.size(), 8U << 20);
  EXPECT_EQ(client.response().status, 200);
}

TEST_F(ServerTest, SlowHeadsBodiesAndIdleConnectionsEnd) {
  settings.limits.head = 300ms;
  settings.limits.body_idle = 300ms;
  settings.limits.keep_alive = 400ms;
  HttpPeer head(port());
  head.send("GET /show HT");
  HttpPeer dripping(port());
  std::jthread drip([&] {
    for (char c : std::string_view("GET /show?drip HTTP/1.1\r\n")) {
      dripping.send(std::string_view(&c, 1));
      std::this_thread::sleep_for(50ms);
    }
  });
  HttpPeer body(port());
  body.send("POST /show HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc");
  HttpPeer idle(port());
  EXPECT_EQ(idle.ask("GET", "/show").status, 200);
  PeerResponse late = head.response();
  EXPECT_EQ(late.status, 408);
  EXPECT_THAT(late.body, HasSubstr("request_timeout"));
  EXPECT_TRUE(head.ended());
  EXPECT_EQ(body.response().status, 408);
  EXPECT_EQ(dripping.response().status, 408);
  EXPECT_TRUE(idle.ended());
}

TEST_F(ServerTest, ABodyMustKeepUpARate) {
  settings.limits.body_idle = 300ms;
  settings.limits.body_rate = 1 << 20;
  HttpPeer body(port());
  body.send("POST /show HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n");
  auto begun = std::chrono::steady_clock::now();
  std::jthread drip([&](std::stop_token stop) {
    for (int i = 0; i < 90 && !stop.stop_requested(); ++i) {
      body.send("x");
      std::this_thread::sleep_for(50ms);
    }
  });
  EXPECT_EQ(body.response().status, 408);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
}

TEST_F(ServerTest, AReaderThatTakesNothingIsCutOff) {
  settings.limits.write_stall = 300ms;
  HttpPeer client(port());
  client.send("GET /stream/flood HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return echo.cancelled == 1; }));
  // Bounded by the kernel's buffers, not by us.
  EXPECT_LT(echo.written, 64L << 20);
}

TEST_F(ServerTest, ConnectionsAreBounded) {
  settings.limits.connections = 2;
  HttpPeer first(port());
  HttpPeer second(port());
  EXPECT_EQ(first.ask("GET", "/show").status, 200);
  EXPECT_EQ(second.ask("GET", "/show").status, 200);
  HttpPeer third(port());
  EXPECT_EQ(third.response().status, 503);
  EXPECT_TRUE(third.ended());
  first.close();
  EXPECT_TRUE(eventually([&] { return HttpPeer(port()).ask("GET", "/show").status == 200; }));
}

TEST_F(ServerTest, AReadIsGivenUpWhenItsCallerLeavesButAChangeIsNot) {
  HttpPeer reading(port());
  reading.send("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  HttpPeer changing(port());
  changing.send("POST /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return echo.waiting == 2; }));
  reading.close();
  changing.close();
  EXPECT_TRUE(eventually([&] { return echo.cancelled == 1; }));
  std::this_thread::sleep_for(300ms);
  EXPECT_EQ(echo.cancelled, 1);
}

TEST_F(ServerTest, RequestsAreCountedByRouteMethodAndStatus) {
  HttpPeer client(port());
  client.ask("GET", "/items/1");
  client.ask("GET", "/items/2");
  client.ask("GET", "/nowhere/at/all");
  stop();
  std::string text = registry.text();
  EXPECT_THAT(
      text,
      HasSubstr(R"(molecule_http_requests_total{method="GET",path="/items/{id}",status="200"} 2)"));
  EXPECT_THAT(
      text, HasSubstr(R"(molecule_http_requests_total{method="GET",path="none",status="404"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(molecule_http_request_seconds_count{path="/items/{id}"} 2)"));
  EXPECT_THAT(text, HasSubstr("molecule_http_connections 0"));
}

TEST_F(ServerTest, DrainLetsRequestsEndAndClosesTheRest) {
  HttpPeer idle(port());
  EXPECT_EQ(idle.ask("GET", "/show").status, 200);
  HttpPeer busy(port());
  busy.send("GET /brief HTTP/1.1\r\nHost: localhost\r\n\r\n");
  HttpPeer streaming(port());
  streaming.send("GET /stream/endless HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return echo.waiting == 2; }));
  std::uint16_t at = port();
  ask_to_stop();
  EXPECT_TRUE(idle.ended());
  PeerResponse last = busy.response();
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.header("Connection"), "close");
  EXPECT_EQ(streaming.response().body, ": hello\n\n: bye\n\n");
  EXPECT_TRUE(streaming.ended());
  EXPECT_THROW(HttpPeer{at}, std::runtime_error);
  auto begun = std::chrono::steady_clock::now();
  stop();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 1500ms);
  EXPECT_EQ(echo.told, 1);
}

TEST_F(ServerTest, DrainCancelsWhatDoesNotEnd) {
  settings.limits.drain = 200ms;
  HttpPeer client(port());
  client.send("POST /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return echo.waiting == 1; }));
  ask_to_stop();
  EXPECT_EQ(client.response().status, 503);
  stop();
  EXPECT_EQ(echo.cancelled, 1);
}

}  // namespace
}  // namespace molecule::http
