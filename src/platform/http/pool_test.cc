#include "platform/http/pool.h"

#include "platform/http/client_fixture.h"
#include "platform/net/tls.h"
#include "testing/certificate.h"

namespace molecule::http {
namespace {

TEST_F(HttpClient, UsesOneConnectionForManyRequests) {
  play(says(std::string(ok)), [&](ScriptedServer& server, Client& client) -> io::Task<void> {
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

// Answers the first request of each connection and closes it when the second one arrives.
io::Task<bool> closes_on_the_second(ScriptedServer::Turn turn) {
  if (turn.number > 0) co_return false;
  co_await turn.stream.write(ok);
  co_return true;
}

TEST_F(HttpClient, RepeatsOnceWhatMayBeRepeatedOnAKeptConnection) {
  play(closes_on_the_second, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    co_await post(client, server.url(), "one", true);
    ClientResponse response = co_await post(client, server.url(), "two", true);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(server.connections(), 2);
  });
}

TEST_F(HttpClient, DoesNotRepeatWhatTheServerMayHaveSeen) {
  play(closes_on_the_second, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    co_await post(client, server.url(), "one");
    std::string end = co_await outcome(post(client, server.url(), "two"));
    EXPECT_EQ(end, "agent_reset");
    EXPECT_TRUE(reached);
    EXPECT_EQ(server.connections(), 1);
  });
}

TEST_F(HttpClient, DoesNotRepeatOnANewConnection) {
  play(says("", false), [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    std::string end = co_await outcome(post(client, server.url(), "one", true));
    EXPECT_EQ(end, "agent_reset");
    EXPECT_EQ(server.connections(), 1);
  });
}

TEST_F(HttpClient, ForgetsAConnectionThatItsServerEnds) {
  play(says(std::string(ok), false), [&](ScriptedServer& server, Client& client) -> io::Task<void> {
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
  auto script = [](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write(ok);
    co_await io::sleep(5ms);
    co_await turn.stream.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    co_return true;
  };
  play(script, [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    co_await get(client, server.url());
    for (int i = 0; i < 500 && client.connections() > 0; ++i) co_await io::sleep(1ms);
    EXPECT_EQ(client.connections(), 0U);
  });
}

TEST_F(HttpClient, ClosesAConnectionThatIsNotUsed) {
  ClientSettings settings;
  settings.idle_timeout = 100ms;
  auto body = [&](ScriptedServer& server, Client& client) -> io::Task<void> {
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
  auto script = [&](ScriptedServer::Turn turn) -> io::Task<bool> {
    most = std::max(most, ++now);
    co_await io::sleep(5ms);
    --now;
    co_await turn.stream.write(ok);
    co_return true;
  };
  int answered = 0;
  auto body = [&](ScriptedServer& server, Client& client) -> io::Task<void> {
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
  auto script = [](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await io::sleep(600ms);
    co_await turn.stream.write(ok);
    co_return true;
  };
  auto body = [&](ScriptedServer& server, Client& client) -> io::Task<void> {
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
  auto body = [&](ScriptedServer& server, Client& client) -> io::Task<void> {
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
  play(says(std::string(ok)), [&](ScriptedServer& server, Client& client) -> io::Task<void> {
    co_await get(client, server.url("/", "a.example"));
    co_await get(client, server.url("/", "b.example"));
    EXPECT_EQ(server.connections(), 2);
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
