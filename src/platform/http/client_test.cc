#include "platform/http/client.h"

#include "platform/http/client_fixture.h"
#include "platform/io/signal.h"

namespace molecule::http {
namespace {

TEST_F(HttpClient, SendsAWholeRequestAndReadsTheAnswer) {
  std::string head, body;
  auto script = [&](ScriptedServer::Turn turn) -> io::Task<bool> {
    head = turn.request.head;
    body = turn.request.body;
    co_await turn.stream.write(
        "HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\nhello");
    co_return true;
  };
  play(script, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    net::Url url = net::Url::parse(server.url("/a2a?x=1"));
    std::array<Header, 2> headers{Header{"Content-Type", "application/json"},
                                  Header{"Authorization", "Bearer x"}};
    ClientRequest request;
    request.method = Method::post;
    request.url = &url;
    request.headers = headers;
    request.body = "{}";
    request.reached = &reached;
    ClientResponse response = co_await client.send(request);
    EXPECT_EQ(response.status, 201);
    EXPECT_EQ(response.body(), "hello");
    EXPECT_EQ(response.header("X-a"), "1");
    EXPECT_FALSE(response.header("missing").has_value());
    EXPECT_EQ(std::move(response).take_body(), "hello");
    EXPECT_TRUE(reached);
    EXPECT_EQ(
        head,
        "POST /a2a?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
            "\r\nUser-Agent: molecule\r\nContent-Length: 2\r\nContent-Type: application/json\r\n"
            "Authorization: Bearer x\r\n\r\n");
    EXPECT_EQ(body, "{}");
  });
}

TEST_F(HttpClient, GoesOutInItsTurnAndSaysWhenItHas) {
  std::string heard;
  auto script = [&](ScriptedServer::Turn turn) -> io::Task<bool> {
    heard += turn.request.body;
    co_await turn.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    co_return true;
  };
  play(script, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    const net::Url url = net::Url::parse(server.url());
    io::Signal may_go;
    ClientRequest late;
    late.method = Method::post;
    late.url = &url;
    late.body = "late";
    late.reached = &reached;
    bool sent = false;
    late.turn = [&]() -> io::Task<void> { co_await may_go.wait(10s); };
    late.sent = [&] {
      EXPECT_TRUE(reached);
      sent = true;
    };
    io::Context here = co_await io::context();
    io::Scope scope(*here.loop, nullptr);
    auto send = [](Client& by, const ClientRequest& what) -> io::Task<void> {
      ClientResponse response = co_await by.send(what);
      EXPECT_EQ(response.status, 200);
    };
    scope.spawn("late", send(client, late));
    co_await post(client, server.url(), "early");
    EXPECT_EQ(heard, "early");
    EXPECT_FALSE(sent);
    may_go.notify();
    co_await scope.join();
    EXPECT_TRUE(sent);
    EXPECT_EQ(heard, "earlylate");

    reached = sent = false;
    late.turn = []() -> io::Task<void> {
      throw bad_request("not_now", "its turn does not come");
      co_return;
    };
    const std::string code = co_await outcome(client.send(late));
    EXPECT_EQ(code, "not_now");
    EXPECT_FALSE(reached);
    EXPECT_FALSE(sent);
    EXPECT_EQ(heard, "earlylate");
  });
}

TEST_F(HttpClient, CarriesLargeBodiesBothWays) {
  auto echo = [](ScriptedServer::Turn turn) -> io::Task<bool> {
    std::string head =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(turn.request.body.size()) +
        "\r\n\r\n";
    std::array<std::string_view, 2> pieces{head, turn.request.body};
    co_await turn.stream.write(pieces);
    co_return true;
  };
  play(echo, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    std::string body(9'000'000, 'x');
    for (std::size_t i = 0; i < body.size(); i += 1000)
      body[i] = static_cast<char>('a' + i / 1000 % 26);
    ClientResponse response = co_await post(client, server.url(), body);
    EXPECT_TRUE(response.body() == body);
    EXPECT_EQ(client.idle(), 1U);
  });
}

TEST_F(HttpClient, ReadsAnAnswerThatComesByteByByte) {
  const std::string text =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;ext=1\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: x\r\n\r\n";
  auto slowly = [&](ScriptedServer::Turn turn) -> io::Task<bool> {
    for (char c : text) {
      co_await turn.stream.write(std::string_view(&c, 1));
      co_await io::yield();
    }
    co_return true;
  };
  play(slowly, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    for (int i = 0; i < 2; ++i) {
      ClientResponse response = co_await get(client, server.url());
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.body(), "hello world");
    }
    EXPECT_EQ(server.connections(), 1);
  });
}

TEST_F(HttpClient, ReadsABodyThatEndsWithTheConnection) {
  play(says("HTTP/1.1 200 OK\r\n\r\nuntil the end", false),
       [&](ScriptedServer& server, Client& client) -> io::Task<void> {
         ClientResponse response = co_await get(client, server.url());
         EXPECT_EQ(response.body(), "until the end");
         EXPECT_EQ(client.connections(), 0U);
       });
}

TEST_F(HttpClient, KnowsAnswersWithoutABody) {
  for (auto text :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"}) {
    play(says(text), [&](ScriptedServer& server, Client& client) -> io::Task<void> {
      ClientResponse response = co_await get(client, server.url());
      EXPECT_EQ(response.body(), "");
      EXPECT_EQ(client.idle(), 1U);
    });
  }
  play(says("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"),
       [&](ScriptedServer& server, Client& client) -> io::Task<void> {
         net::Url url = net::Url::parse(server.url());
         ClientRequest request;
         request.method = Method::head;
         request.url = &url;
         ClientResponse response = co_await client.send(request);
         EXPECT_EQ(response.body(), "");
         EXPECT_EQ(client.idle(), 1U);
       });
}

TEST_F(HttpClient, KeepsAConnectionOnlyWhenBothSidesAgree) {
  for (auto text : {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
                    "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok",
                    "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
                    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more"}) {
    play(says(text), [&](ScriptedServer& server, Client& client) -> io::Task<void> {
      ClientResponse response = co_await get(client, server.url());
      EXPECT_EQ(response.body(), "ok") << text;
      EXPECT_EQ(client.connections(), 0U) << text;
    });
  }
  play(says("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
       [&](ScriptedServer& server, Client& client) -> io::Task<void> {
         co_await get(client, server.url());
         EXPECT_EQ(client.idle(), 1U);
       });
}

TEST_F(HttpClient, RefusesAnswersThatCanBeReadInTwoWays) {
  const std::string wide(answer_head_max, 'x');
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (std::size_t i = 0; i <= answer_headers_max; ++i) many += "a: b\r\n";
  for (
      const std::string& text : {
          std::string("SSH-2.0-x\r\n\r\n"),
          std::string("HTTP/2.0 200 OK\r\n\r\n"),
          std::string("HTTP/1.1 20 OK\r\n\r\n"),
          std::string("HTTP/1.1 2000 OK\r\n\r\n"),
          std::string("HTTP/1.1 600 OK\r\n\r\n"),
          std::string("HTTP/1.1  200 OK\r\n\r\n"),
          std::string("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
          std::string("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc"),
          std::string("HTTP/1.1 100 Continue\r\nContent-Length: 3\r\n\r\nabc"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nok"),
          std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok"),
          std::string(
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nok"),
          std::string(
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          std::string("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
          std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nokX\r\n0\r\n\r\n"),
          std::string("HTTP/1.1 200 OK\r\nA: b\r\n folded\r\nContent-Length: 2\r\n\r\nok"),
          std::string("HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 2\r\n\r\nok"),
          std::string("HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 2\r\n\r\nok"),
          std::string("HTTP/1.1 200 OK\r\nnocolon\r\nContent-Length: 2\r\n\r\nok"),
          std::string("HTTP/1.1 200 OK\r\nA: b\nContent-Length: 5\r\nContent-Length: 2\r\n\r\nok"),
          std::string("HTTP/1.1 200 OK\r\nA: b\rc\r\nContent-Length: 2\r\n\r\nok"),
          std::string("HTTP/1.1 200 OK\r\nA: b") + '\0' + "c\r\nContent-Length: 2\r\n\r\nok",
          "HTTP/1.1 200 OK\r\nA: " + wide + "\r\n\r\n",
          many + "\r\n",
      }) {
    play(says(text, false), [&](ScriptedServer& server, Client& client) -> io::Task<void> {
      std::string end = co_await outcome(get(client, server.url()));
      EXPECT_EQ(end, "bad_response") << text.substr(0, 120);
      EXPECT_EQ(kind, Kind::bad_gateway);
      EXPECT_EQ(client.connections(), 0U);
    });
  }
}

TEST_F(HttpClient, StopsReadingWhatIsTooLarge) {
  limits.body_max = 10;
  for (
      auto text :
      {"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
       "HTTP/1.1 200 OK\r\n\r\nhello world"}) {
    play(says(text, false), [&](ScriptedServer& server, Client& client) -> io::Task<void> {
      std::string end = co_await outcome(get(client, server.url()));
      EXPECT_EQ(end, "response_too_large") << text;
      EXPECT_EQ(client.connections(), 0U);
    });
  }
  for (
      auto text :
      {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello you!",
       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\n you!\r\n0\r\n\r\n",
       "HTTP/1.1 200 OK\r\n\r\nhello you!"}) {
    play(says(text, false), [&](ScriptedServer& server, Client& client) -> io::Task<void> {
      ClientResponse response = co_await get(client, server.url());
      EXPECT_EQ(response.body(), "hello you!") << text;
    });
  }
}

TEST_F(HttpClient, SaysThatNobodyListens) {
  play(says(std::string(ok)), [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    std::uint16_t port = 0;
    {
      net::Listener unused(loop, "127.0.0.1", 0);
      port = unused.port();
    }
    std::string end =
        co_await outcome(get(client, "http://127.0.0.1:" + std::to_string(port) + "/"));
    EXPECT_EQ(end, "agent_unreachable");
    EXPECT_EQ(kind, Kind::bad_gateway);
    EXPECT_FALSE(reached);
    EXPECT_EQ(server.connections(), 0);
    EXPECT_EQ(client.connections(), 0U);
  });
}

TEST_F(HttpClient, SaysThatAnAddressIsNotAllowed) {
  play(says(std::string(ok)), [&](ScriptedServer&, Client& client) -> io::Task<void> {
    std::string end = co_await outcome(get(client, "http://169.254.169.254/latest/meta-data"));
    EXPECT_EQ(end, "url_not_allowed");
    EXPECT_EQ(kind, Kind::bad_gateway);
    EXPECT_FALSE(reached);
    EXPECT_EQ(client.connections(), 0U);
  });
}

TEST_F(HttpClient, GivesUpOnASilentServer) {
  limits.head = limits.idle = 200ms;
  auto silent = [](ScriptedServer::Turn turn) -> io::Task<bool> {
    if (turn.request.head.find("/body") != std::string::npos) {
      co_await turn.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    }
    co_await io::sleep(30s);
    co_return false;
  };
  play(silent, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    std::string end = co_await outcome(get(client, server.url("/head")));
    EXPECT_EQ(end, "agent_timeout");
    EXPECT_EQ(kind, Kind::bad_gateway);
    EXPECT_TRUE(reached);
    end = co_await outcome(get(client, server.url("/body")));
    EXPECT_EQ(end, "agent_timeout");
    EXPECT_EQ(client.connections(), 0U);
  });
}

TEST_F(HttpClient, KeepsToTheTotalLimitThoughBytesKeepComing) {
  limits.total = 300ms;
  auto dripping = [](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 1000; ++i) {
      co_await turn.stream.write("x");
      co_await io::sleep(20ms);
    }
    co_return false;
  };
  play(dripping, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    std::string end = co_await outcome(get(client, server.url()));
    EXPECT_EQ(end, "agent_timeout");
  });
}

TEST_F(HttpClient, SaysThatAnAnswerWasCutOff) {
  for (auto text : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    play(says(text, false), [&](ScriptedServer& server, Client& client) -> io::Task<void> {
      std::string end = co_await outcome(get(client, server.url()));
      EXPECT_EQ(end, "agent_reset") << text;
      EXPECT_EQ(kind, Kind::bad_gateway);
      EXPECT_EQ(client.connections(), 0U);
    });
  }
}

TEST_F(HttpClient, ReturnsAnEarlyAnswerToALargeRequest) {
  // Reads only the head of what comes, answers and leaves the rest unread.
  auto main = [&]() -> io::Task<void> {
    net::Listener listener(loop, "127.0.0.1", 0);
    auto early = [](net::Listener& at) -> io::Task<void> {
      auto stream = co_await at.accept();
      std::array<char, 1024> some;
      co_await stream->read(some);
      co_await stream->write(
          "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      co_await stream->shutdown_write();
      // Takes what is sent without using it, so that no reset overtakes the answer.
      std::array<char, 65536> rest;
      for (;;) {
        std::size_t n = co_await stream->read(rest);
        if (n == 0) co_return;
      }
    };
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) {});
    scope.spawn("early", early(listener));
    net::DialSettings dial;
    dial.dev = true;
    net::Dialer dialer(dial, resolver, metrics);
    {
      Client client(dialer, metrics);
      std::string url = "http://127.0.0.1:" + std::to_string(listener.port()) + "/";
      ClientResponse response = co_await post(client, url, std::string(8 << 20, 'x'));
      EXPECT_EQ(response.status, 413);
      EXPECT_EQ(client.connections(), 0U);
    }
    co_await scope.drain(0ms);
  };
  io::run(loop, main());
}

TEST_F(HttpClient, RefusesHeadersThatWouldBreakTheRequest) {
  play(says(std::string(ok)), [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    net::Url url = net::Url::parse(server.url());
    for (Header header :
         {Header{"X", "a\r\nHost: b"}, Header{"X", "a\nb"}, Header{"X\r\nY", "a"}, Header{"", "a"},
          Header{"X Y", "a"}, Header{"X:", "a"}, Header{"HOST", "a"}, Header{"Content-length", "9"},
          Header{"Transfer-Encoding", "chunked"}}) {
      ClientRequest request;
      request.url = &url;
      request.headers = std::span(&header, 1);
      std::string end = co_await outcome(client.send(request));
      EXPECT_EQ(end, "bad_header");
    }
    EXPECT_EQ(client.connections(), 0U);
  });
}

TEST_F(HttpClient, IsCancelledWithItsCaller) {
  auto silent = [](ScriptedServer::Turn) -> io::Task<bool> {
    co_await io::sleep(30s);
    co_return false;
  };
  play(silent, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    std::string end = co_await outcome(io::within(50ms, get(client, server.url())));
    EXPECT_EQ(end, "deadline");
    EXPECT_EQ(client.connections(), 0U);
  });
}

}  // namespace
}  // namespace molecule::http
