#include "platform/http/client.h"

#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/io/scope.h"
#include "platform/net/socket.h"
#include "platform/net/tls.h"
#include "testing/certificate.h"

namespace molecule::http {
namespace {

using namespace std::chrono_literals;

class LocalResolver final : public net::Resolver {
 public:
  io::Task<std::vector<net::Address>> resolve(std::string host) override {
    std::vector<net::Address> found;
    found.push_back(
        *net::Address::parse(host == "inside.example" ? "169.254.169.254" : "127.0.0.1"));
    co_return found;
  }
};

// What a peer of ours reads: one request, by its Content-Length.
struct Received {
  std::string head;
  std::string body;
};

io::Task<std::optional<Received>> receive(net::Stream& from, std::string& held) {
  std::array<char, 65536> buffer;
  for (;;) {
    std::size_t end = held.find("\r\n\r\n");
    if (end != held.npos) {
      Received request;
      request.head = held.substr(0, end + 4);
      std::size_t length = 0;
      if (auto text = header_in(request.head, "content-length"))
        length = std::stoul(std::string(*text));
      while (held.size() < end + 4 + length) {
        std::size_t n = co_await from.read(buffer);
        if (n == 0) co_return std::nullopt;
        held.append(buffer.data(), n);
      }
      request.body = held.substr(end + 4, length);
      held.erase(0, end + 4 + length);
      co_return request;
    }
    std::size_t n = co_await from.read(buffer);
    if (n == 0) co_return std::nullopt;
    held.append(buffer.data(), n);
  }
}

// A server that plays a script: for the n-th request of a connection, what to do.
class Server {
 public:
  struct Turn {
    net::Stream& stream;
    const Received& request;
    int connection;  // From 0.
    int number;      // Of the request on this connection, from 0.
  };
  // Returns false to close the connection afterwards.
  using Script = std::function<io::Task<bool>(Turn)>;

  Server(io::Loop& loop, Script script)
      : listener_(loop, "127.0.0.1", 0),
        script_(std::move(script)),
        scope_(loop, [](std::string_view, std::exception_ptr) {}) {
    scope_.spawn("accept", accept());
  }
  io::Task<void> stop() { co_await scope_.drain(0ms); }
  std::uint16_t port() const { return listener_.port(); }
  int connections() const { return connections_; }
  std::string url(std::string_view path = "/", std::string_view host = "127.0.0.1") const {
    return "http://" + std::string(host) + ":" + std::to_string(port()) + std::string(path);
  }

 private:
  io::Task<void> accept() {
    for (;;) {
      auto stream = co_await listener_.accept();
      if (!stream) co_return;
      scope_.spawn("connection", serve(std::move(stream), connections_++));
    }
  }
  io::Task<void> serve(std::unique_ptr<net::Stream> stream, int connection) {
    std::string held;
    for (int number = 0;; ++number) {
      auto request = co_await receive(*stream, held);
      if (!request) co_return;
      Turn turn{*stream, *request, connection, number};
      bool on = co_await script_(turn);
      if (!on) co_return;
    }
  }

  net::Listener listener_;
  Script script_;
  io::Scope scope_;
  int connections_ = 0;
};

// Answers with fixed text, then keeps or closes the connection.
Server::Script says(std::string text, bool keep = true) {
  return [text, keep](Server::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write(text);
    co_return keep;
  };
}

constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class HttpClient : public ::testing::Test {
 protected:
  HttpClient() { limits.head = limits.idle = 3s; }

  // Runs `body` with a server that plays `script`, and a client.
  void play(Server::Script script, std::function<io::Task<void>(Server&, Client&)> body,
            ClientSettings settings = {}) {
    auto main = [&]() -> io::Task<void> {
      net::DialSettings dial;
      dial.dev = true;
      dial.connect_timeout = 3s;
      net::Dialer dialer(dial, resolver, metrics);
      Server server(loop, script);
      std::exception_ptr escaped;
      {
        Client client(dialer, metrics, settings);
        try {
          co_await body(server, client);
        } catch (...) {
          escaped = std::current_exception();
        }
      }
      co_await server.stop();
      if (escaped) std::rethrow_exception(escaped);
    };
    io::run(loop, main());
  }

  io::Task<ClientResponse> get(Client& client, std::string url) {
    net::Url at = net::Url::parse(url);
    ClientRequest request;
    request.url = &at;
    request.limits = limits;
    request.reached = &reached;
    co_return co_await client.send(request);
  }
  io::Task<ClientResponse> post(Client& client, std::string url, std::string body,
                                bool repeatable = false) {
    net::Url at = net::Url::parse(url);
    ClientRequest request;
    request.method = Method::post;
    request.url = &at;
    request.body = body;
    request.repeatable = repeatable;
    request.limits = limits;
    request.reached = &reached;
    co_return co_await client.send(request);
  }
  // The fault's code, or the status.
  io::Task<std::string> outcome(io::Task<ClientResponse> call) {
    try {
      ClientResponse response = co_await std::move(call);
      co_return std::to_string(response.status);
    } catch (const Fault& fault) {
      kind = fault.kind();
      co_return fault.code();
    }
  }

  io::Loop loop;
  LocalResolver resolver;
  metrics::Registry metrics;
  ClientLimits limits;
  Kind kind = Kind::internal;
  bool reached = false;
};

TEST_F(HttpClient, SendsAWholeRequestAndReadsTheAnswer) {
  std::string head, body;
  auto script = [&](Server::Turn turn) -> io::Task<bool> {
    head = turn.request.head;
    body = turn.request.body;
    co_await turn.stream.write(
        "HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\nhello");
    co_return true;
  };
  play(script, [&](Server& server, Client& client) -> io::Task<void> {
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

TEST_F(HttpClient, UsesOneConnectionForManyRequests) {
  play(says(std::string(ok)), [&](Server& server, Client& client) -> io::Task<void> {
    for (int i = 0; i < 50; ++i) {
      ClientResponse response = co_await post(client, server.url(), "body");
      EXPECT_EQ(response.body(), "ok");
    }
    EXPECT_EQ(server.connections(), 1);
    EXPECT_EQ(client.idle(), 1U);
    EXPECT_EQ(client.connections(), 1U);
  });
  EXPECT_NE(metrics.text().find("molecule_client_requests_total{connection=\"kept\"} 49"),
            std::string::npos);
  EXPECT_NE(metrics.text().find("molecule_client_connections 0"), std::string::npos);
}

TEST_F(HttpClient, CarriesLargeBodiesBothWays) {
  auto echo = [](Server::Turn turn) -> io::Task<bool> {
    std::string head =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(turn.request.body.size()) +
        "\r\n\r\n";
    std::array<std::string_view, 2> pieces{head, turn.request.body};
    co_await turn.stream.write(pieces);
    co_return true;
  };
  play(echo, [&](Server& server, Client& client) -> io::Task<void> {
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
  auto slowly = [&](Server::Turn turn) -> io::Task<bool> {
    for (char c : text) {
      co_await turn.stream.write(std::string_view(&c, 1));
      co_await io::yield();
    }
    co_return true;
  };
  play(slowly, [&](Server& server, Client& client) -> io::Task<void> {
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
       [&](Server& server, Client& client) -> io::Task<void> {
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
    play(says(text), [&](Server& server, Client& client) -> io::Task<void> {
      ClientResponse response = co_await get(client, server.url());
      EXPECT_EQ(response.body(), "");
      EXPECT_EQ(client.idle(), 1U);
    });
  }
  play(says("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"),
       [&](Server& server, Client& client) -> io::Task<void> {
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
    play(says(text), [&](Server& server, Client& client) -> io::Task<void> {
      ClientResponse response = co_await get(client, server.url());
      EXPECT_EQ(response.body(), "ok") << text;
      EXPECT_EQ(client.connections(), 0U) << text;
    });
  }
  play(says("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok"),
       [&](Server& server, Client& client) -> io::Task<void> {
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
    play(says(text, false), [&](Server& server, Client& client) -> io::Task<void> {
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
    play(says(text, false), [&](Server& server, Client& client) -> io::Task<void> {
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
    play(says(text, false), [&](Server& server, Client& client) -> io::Task<void> {
      ClientResponse response = co_await get(client, server.url());
      EXPECT_EQ(response.body(), "hello you!") << text;
    });
  }
}

TEST_F(HttpClient, SaysThatNobodyListens) {
  play(says(std::string(ok)), [&](Server& server, Client& client) -> io::Task<void> {
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
  play(says(std::string(ok)), [&](Server&, Client& client) -> io::Task<void> {
    std::string end = co_await outcome(get(client, "http://169.254.169.254/latest/meta-data"));
    EXPECT_EQ(end, "url_not_allowed");
    EXPECT_EQ(kind, Kind::bad_gateway);
    EXPECT_FALSE(reached);
    EXPECT_EQ(client.connections(), 0U);
  });
}

TEST_F(HttpClient, GivesUpOnASilentServer) {
  limits.head = limits.idle = 200ms;
  auto silent = [](Server::Turn turn) -> io::Task<bool> {
    if (turn.request.head.find("/body") != std::string::npos) {
      co_await turn.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    }
    co_await io::sleep(30s);
    co_return false;
  };
  play(silent, [&](Server& server, Client& client) -> io::Task<void> {
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
  auto dripping = [](Server::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    for (int i = 0; i < 1000; ++i) {
      co_await turn.stream.write("x");
      co_await io::sleep(20ms);
    }
    co_return false;
  };
  play(dripping, [&](Server& server, Client& client) -> io::Task<void> {
    std::string end = co_await outcome(get(client, server.url()));
    EXPECT_EQ(end, "agent_timeout");
  });
}

TEST_F(HttpClient, SaysThatAnAnswerWasCutOff) {
  for (auto text : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"}) {
    play(says(text, false), [&](Server& server, Client& client) -> io::Task<void> {
      std::string end = co_await outcome(get(client, server.url()));
      EXPECT_EQ(end, "agent_reset") << text;
      EXPECT_EQ(kind, Kind::bad_gateway);
      EXPECT_EQ(client.connections(), 0U);
    });
  }
}

// Answers the first request of each connection and closes it when the second one arrives.
io::Task<bool> closes_on_the_second(Server::Turn turn) {
  if (turn.number > 0) co_return false;
  co_await turn.stream.write(ok);
  co_return true;
}

TEST_F(HttpClient, RepeatsOnceWhatMayBeRepeatedOnAKeptConnection) {
  play(closes_on_the_second, [&](Server& server, Client& client) -> io::Task<void> {
    co_await post(client, server.url(), "one", true);
    ClientResponse response = co_await post(client, server.url(), "two", true);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(server.connections(), 2);
  });
}

TEST_F(HttpClient, DoesNotRepeatWhatTheServerMayHaveSeen) {
  play(closes_on_the_second, [&](Server& server, Client& client) -> io::Task<void> {
    co_await post(client, server.url(), "one");
    std::string end = co_await outcome(post(client, server.url(), "two"));
    EXPECT_EQ(end, "agent_reset");
    EXPECT_TRUE(reached);
    EXPECT_EQ(server.connections(), 1);
  });
}

TEST_F(HttpClient, DoesNotRepeatOnANewConnection) {
  play(says("", false), [&](Server& server, Client& client) -> io::Task<void> {
    std::string end = co_await outcome(post(client, server.url(), "one", true));
    EXPECT_EQ(end, "agent_reset");
    EXPECT_EQ(server.connections(), 1);
  });
}

TEST_F(HttpClient, ForgetsAConnectionThatItsServerEnds) {
  play(says(std::string(ok), false), [&](Server& server, Client& client) -> io::Task<void> {
    co_await get(client, server.url());
    for (int i = 0; i < 500 && client.connections() > 0; ++i) co_await io::sleep(1ms);
    EXPECT_EQ(client.connections(), 0U);
    // So a request that may not be repeated finds a new one.
    std::string end = co_await outcome(post(client, server.url(), "two"));
    EXPECT_EQ(end, "200");
    EXPECT_EQ(server.connections(), 2);
  });
}

TEST_F(HttpClient, ForgetsAConnectionThatSaysSomethingUnasked) {
  auto script = [](Server::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write(ok);
    co_await io::sleep(5ms);
    co_await turn.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    co_return true;
  };
  play(script, [&](Server& server, Client& client) -> io::Task<void> {
    co_await get(client, server.url());
    for (int i = 0; i < 500 && client.connections() > 0; ++i) co_await io::sleep(1ms);
    EXPECT_EQ(client.connections(), 0U);
  });
}

TEST_F(HttpClient, ClosesAConnectionThatIsNotUsed) {
  ClientSettings settings;
  settings.idle_timeout = 100ms;
  auto body = [&](Server& server, Client& client) -> io::Task<void> {
    co_await get(client, server.url());
    EXPECT_EQ(client.idle(), 1U);
    for (int i = 0; i < 2000 && client.connections() > 0; ++i) co_await io::sleep(1ms);
    EXPECT_EQ(client.connections(), 0U);
  };
  play(says(std::string(ok)), body, settings);
}

TEST_F(HttpClient, OpensNoMoreConnectionsThanItMay) {
  ClientSettings settings;
  settings.per_origin_max = 2;
  int now = 0, most = 0;
  auto script = [&](Server::Turn turn) -> io::Task<bool> {
    most = std::max(most, ++now);
    co_await io::sleep(5ms);
    --now;
    co_await turn.stream.write(ok);
    co_return true;
  };
  int answered = 0;
  auto body = [&](Server& server, Client& client) -> io::Task<void> {
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
    auto one = [&](std::string url) -> io::Task<void> {
      co_await get(client, url);
      ++answered;
    };
    for (int i = 0; i < 9; ++i) scope.spawn("one", one(server.url()));
    co_await scope.drain(10s);
    EXPECT_EQ(server.connections(), 2);
  };
  play(script, body, settings);
  EXPECT_EQ(answered, 9);
  EXPECT_EQ(most, 2);
}

TEST_F(HttpClient, SaysThatAllConnectionsAreInUse) {
  ClientSettings settings;
  settings.per_origin_max = 1;
  settings.room_timeout = 100ms;
  auto script = [](Server::Turn turn) -> io::Task<bool> {
    co_await io::sleep(600ms);
    co_await turn.stream.write(ok);
    co_return true;
  };
  auto body = [&](Server& server, Client& client) -> io::Task<void> {
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
    auto one = [&](std::string url) -> io::Task<void> { co_await get(client, url); };
    scope.spawn("one", one(server.url()));
    std::string end = co_await outcome(get(client, server.url()));
    EXPECT_EQ(end, "connections_exhausted");
    EXPECT_EQ(kind, Kind::unavailable);
    co_await scope.drain(10s);
  };
  play(script, body, settings);
}

TEST_F(HttpClient, MakesRoomByClosingWhatWasIdleLongest) {
  ClientSettings settings;
  settings.total_max = 2;
  auto body = [&](Server& server, Client& client) -> io::Task<void> {
    for (auto host : {"a.example", "b.example", "c.example"}) {
      ClientResponse response = co_await get(client, server.url("/", host));
      EXPECT_EQ(response.status, 200);
    }
    EXPECT_EQ(client.connections(), 2U);
    EXPECT_EQ(server.connections(), 3);
    co_await get(client, server.url("/", "c.example"));
    co_await get(client, server.url("/", "b.example"));
    EXPECT_EQ(server.connections(), 3);
    co_await get(client, server.url("/", "a.example"));
    EXPECT_EQ(server.connections(), 4);
  };
  play(says(std::string(ok)), body, settings);
}

TEST_F(HttpClient, NeverSharesAConnectionBetweenOrigins) {
  play(says(std::string(ok)), [&](Server& server, Client& client) -> io::Task<void> {
    co_await get(client, server.url("/", "a.example"));
    co_await get(client, server.url("/", "b.example"));
    EXPECT_EQ(server.connections(), 2);
  });
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
  play(says(std::string(ok)), [&](Server& server, Client& client) -> io::Task<void> {
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
  auto silent = [](Server::Turn) -> io::Task<bool> {
    co_await io::sleep(30s);
    co_return false;
  };
  play(silent, [&](Server& server, Client& client) -> io::Task<void> {
    std::string end = co_await outcome(io::within(50ms, get(client, server.url())));
    EXPECT_EQ(end, "deadline");
    EXPECT_EQ(client.connections(), 0U);
  });
}

TEST_F(HttpClient, StreamsABodyAsItComes) {
  auto script = [](Server::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: b\r\n\r\n");
    for (int i = 0; i < 3; ++i) {
      co_await io::sleep(5ms);
      co_await turn.stream.write("3\r\nab" + std::to_string(i) + "\r\n");
    }
    co_await turn.stream.write("0\r\n\r\n");
    co_return true;
  };
  play(script, [&](Server& server, Client& client) -> io::Task<void> {
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
  auto script = [&](Server::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst");
    std::array<char, 16> buffer;
    std::size_t n = co_await turn.stream.read(buffer);
    ended = n == 0;
    co_return false;
  };
  play(script, [&](Server& server, Client& client) -> io::Task<void> {
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
  auto script = [&](Server::Turn turn) -> io::Task<bool> {
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
  play(script, [&](Server& server, Client& client) -> io::Task<void> {
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

TEST_F(HttpClient, KeepsEncryptedConnectionsToo) {
  molecule::testing::Certificate certificate;
  auto serve = [](net::Listener& at, net::TlsServer& tls, int& connections) -> io::Task<void> {
    for (;;) {
      auto socket = co_await at.accept();
      ++connections;
      auto stream = co_await tls.accept(std::move(socket), std::chrono::steady_clock::now() + 5s);
      std::string held;
      for (int i = 0; i < 3; ++i) {
        auto request = co_await receive(*stream, held);
        if (!request) break;
        co_await stream->write(ok);
      }
      co_await stream->shutdown_write();
    }
  };
  auto main = [&]() -> io::Task<void> {
    net::TlsServer tls(certificate.certificate_file(), certificate.key_file());
    net::Listener listener(loop, "127.0.0.1", 0);
    int connections = 0;
    // The handshake that the client refuses ends the serving coroutine.
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) {});
    scope.spawn("serve", serve(listener, tls, connections));
    net::DialSettings dial;
    dial.dev = true;
    dial.tls.ca_file = certificate.certificate_file();
    net::Dialer dialer(dial, resolver, metrics);
    {
      Client client(dialer, metrics);
      std::string url = ":" + std::to_string(listener.port()) + "/";
      for (int i = 0; i < 3; ++i) {
        ClientResponse response =
            co_await post(client, "https://agent.example" + url, std::string(20'000, 'x'));
        EXPECT_EQ(response.body(), "ok");
        // A session ticket that comes in between does not end the connection's use.
        co_await io::sleep(10ms);
      }
      EXPECT_EQ(connections, 1);
      // The server says good-bye, and the connection leaves.
      for (int i = 0; i < 500 && client.connections() > 0; ++i) co_await io::sleep(1ms);
      EXPECT_EQ(client.connections(), 0U);
      std::string end = co_await outcome(get(client, "https://other.example" + url));
      EXPECT_EQ(end, "tls_failed");
      EXPECT_EQ(kind, Kind::bad_gateway);
    }
    co_await scope.drain(0ms);
  };
  io::run(loop, main());
}

}  // namespace
}  // namespace molecule::http
