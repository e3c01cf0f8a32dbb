#include "platform/http/client_fixture.h"

namespace molecule::http {
namespace {

TEST_F(HttpClient, StreamsABodyAsItComes) {
  auto script = [](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n");
    for (int i = 0; i < 3; ++i) {
      co_await io::sleep(5ms);
      co_await turn.stream.write("3\r\nab" + std::to_string(i) + "\r\n");
    }
    co_await turn.stream.write("0\r\n\r\n");
    co_return true;
  };
  play(script, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    for (int round = 0; round < 2; ++round) {
      net::Url url = net::Url::parse(server.url());
      ClientRequest request;
      request.url = &url;
      auto stream = co_await client.open(request);
      EXPECT_EQ(stream->status(), 200);
      EXPECT_EQ(stream->header("x-a"), "b");
      std::vector<std::string> chunks;
      for (;;) {
        auto chunk = co_await stream->read();
        if (!chunk) break;
        chunks.emplace_back(*chunk);
      }
      EXPECT_EQ(chunks, (std::vector<std::string>{"ab0", "ab1", "ab2"}));
      auto past = co_await stream->read();
      EXPECT_FALSE(past.has_value());
    }
    EXPECT_EQ(server.connections(), 1);
    EXPECT_EQ(client.idle(), 1U);
  });
}

TEST_F(HttpClient, ClosesAStreamThatIsLeftEarly) {
  bool ended = false;
  auto script = [&](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst");
    std::array<char, 16> buffer;
    std::size_t n = co_await turn.stream.read(buffer);
    ended = n == 0;
    co_return false;
  };
  play(script, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    {
      net::Url url = net::Url::parse(server.url());
      ClientRequest request;
      request.url = &url;
      auto stream = co_await client.open(request);
      auto chunk = co_await stream->read();
      EXPECT_EQ(chunk, "first");
    }
    EXPECT_EQ(client.connections(), 0U);
    for (int i = 0; i < 500 && !ended; ++i) co_await io::sleep(1ms);
    EXPECT_TRUE(ended);
  });
}

TEST_F(HttpClient, FollowsRedirectsOnlyAsFarAsItIsToldAndJudgesEach) {
  std::vector<std::string> heads;
  std::string other;
  auto script = [&](ScriptedServer::Turn turn) -> io::Task<bool> {
    heads.push_back(turn.request.head);
    std::string location;
    if (turn.request.head.starts_with("GET /start ")) location = "/second";
    if (turn.request.head.starts_with("GET /second ")) location = other;
    if (turn.request.head.starts_with("GET /inward ")) location = "http://169.254.169.254/";
    if (turn.request.head.starts_with("GET /named ")) location = "http://inside.example/";
    if (turn.request.head.starts_with("GET /odd ")) location = "http://127.1/";
    if (location.empty()) {
      co_await turn.stream.write(ok);
    } else {
      co_await turn.stream.write(
          "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + "\r\n\r\n");
    }
    co_return true;
  };
  play(script, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    other = server.url("/third", "b.example");
    std::array<Header, 1> headers{Header{"Authorization", "Bearer x"}};
    ClientRequest request;
    request.headers = headers;
    net::Url url = net::Url::parse(server.url("/start"));
    request.url = &url;
    ClientResponse response = co_await client.follow(request, 5);
    EXPECT_EQ(response.body(), "ok");
    EXPECT_EQ(heads.size(), 3U);
    if (heads.size() != 3) co_return;
    EXPECT_NE(heads[1].find("Bearer x"), std::string::npos);
    EXPECT_EQ(heads[2].find("Bearer x"), std::string::npos);

    response = co_await client.follow(request, 1);
    EXPECT_EQ(response.status, 302);
    response = co_await client.send(request);
    EXPECT_EQ(response.status, 302);

    for (auto [path, code] :
         {std::pair{"/inward", "url_not_allowed"}, std::pair{"/named", "url_not_allowed"},
          std::pair{"/odd", "bad_response"}}) {
      net::Url inward = net::Url::parse(server.url(path));
      request.url = &inward;
      std::string end = co_await outcome(client.follow(request, 5));
      EXPECT_EQ(end, code) << path;
      EXPECT_EQ(kind, Kind::bad_gateway);
    }
  });
}

}  // namespace
}  // namespace molecule::http
