// Our client against our server, encrypted.
#include <functional>

#include <gtest/gtest.h>

#include "platform/http/client.h"
#include "platform/http/server_fixture.h"
#include "platform/net/tls.h"
#include "testing/certificate.h"

namespace molecule::http {
namespace {

using namespace std::chrono_literals;

class NoNames final : public net::Resolver {
 public:
  io::Task<std::vector<net::Address>> resolve(std::string host) override {
    throw internal("asked for " + host);
  }
};

class ServerTls : public ::testing::Test {
 protected:
  static molecule::testing::CertificateFacts facts() {
    molecule::testing::CertificateFacts made;
    made.addresses = {"127.0.0.1"};
    return made;
  }

  // Runs `body` with a client that trusts the server; `base` is the server's URL without a path.
  void play(std::function<io::Task<void>(Client&, std::string base, std::uint16_t port)> body) {
    router.mount(echo_routes, echo);
    auto main = [&]() -> io::Task<void> {
      Server server(loop, router, settings, registry);
      server.encrypt(tls);
      std::uint16_t port = server.listen();
      io::Scope scope(loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
      scope.spawn("serve", server.serve());
      net::DialSettings dial;
      dial.dev = true;
      dial.tls.system_roots = false;
      dial.tls.ca_file = certificate.certificate_file();
      net::Dialer dialer(dial, resolver, registry);
      {
        Client client(dialer, registry);
        co_await body(client, "https://127.0.0.1:" + std::to_string(port), port);
      }
      co_await server.drain();
      EXPECT_EQ(server.connections(), 0U);
      co_await scope.drain(1s);
    };
    settings.port = 0;
    settings.limits.drain = 2s;
    io::run(loop, main());
  }
  static io::Task<ClientResponse> get(Client& client, std::string url) {
    net::Url at = net::Url::parse(url);
    ClientRequest request;
    request.url = &at;
    co_return co_await client.send(request);
  }

  io::Loop loop;
  NoNames resolver;
  metrics::Registry registry;
  molecule::testing::Certificate certificate{facts()};
  net::TlsServer tls{certificate.certificate_file(), certificate.key_file()};
  Settings settings;
  TestGate gate;
  Router router{gate};
  Echo echo;
};

TEST_F(ServerTls, ServesRequestsOnOneConnection) {
  play([&](Client& client, std::string base, std::uint16_t) -> io::Task<void> {
    for (int i = 0; i < 3; ++i) {
      ClientResponse response = co_await get(client, base + "/show?a=1");
      EXPECT_EQ(response.body(), "GET /show?a=1 [] peer=127.0.0.1 secure=true way=direct");
    }
    EXPECT_EQ(client.connections(), 1U);
  });
  EXPECT_NE(registry.text().find("molecule_client_requests_total{connection=\"kept\"} 2"),
            std::string::npos);
}

TEST_F(ServerTls, CarriesLargeBodiesBothWays) {
  play([&](Client& client, std::string base, std::uint16_t) -> io::Task<void> {
    ClientResponse response = co_await get(client, base + "/big");
    EXPECT_EQ(response.body().size(), std::size_t{8} << 20);
    net::Url url = net::Url::parse(base + "/show");
    const std::string body(700'000, 'x');
    ClientRequest request;
    request.method = Method::post;
    request.url = &url;
    request.body = body;
    response = co_await client.send(request);
    EXPECT_EQ(response.status, 200);
    EXPECT_GT(response.body().size(), body.size());
  });
}

TEST_F(ServerTls, StreamsAsItHappens) {
  play([&](Client& client, std::string base, std::uint16_t) -> io::Task<void> {
    net::Url url = net::Url::parse(base + "/stream/three");
    ClientRequest request;
    request.url = &url;
    auto stream = co_await client.open(request);
    auto first = co_await stream->read();
    EXPECT_EQ(first, "one");
    std::size_t rest = 0;
    for (;;) {
      auto chunk = co_await stream->read();
      if (!chunk) break;
      rest += chunk->size();
    }
    EXPECT_EQ(rest, 100'003U);
  });
}

TEST_F(ServerTls, DrainDoesNotWaitForAHandshake) {
  std::unique_ptr<net::Stream> silent;
  std::chrono::steady_clock::time_point drained;
  play([&](Client& client, std::string base, std::uint16_t port) -> io::Task<void> {
    net::DialSettings dial;
    dial.dev = true;
    net::Dialer dialer(dial, resolver, registry);
    net::Url plain = net::Url::parse("http://127.0.0.1:" + std::to_string(port) + "/");
    silent = co_await dialer.dial(plain);
    ClientResponse response = co_await get(client, base + "/show");
    EXPECT_EQ(response.status, 200);
    drained = std::chrono::steady_clock::now();
  });
  EXPECT_LT(std::chrono::steady_clock::now() - drained, 1s) << "limits.head is ten seconds";
}

TEST_F(ServerTls, OutlivesClientsThatDoNotShakeHands) {
  settings.limits.head = 300ms;
  play([&](Client& client, std::string base, std::uint16_t port) -> io::Task<void> {
    net::DialSettings dial;
    dial.dev = true;
    net::Dialer dialer(dial, resolver, registry);
    net::Url plain = net::Url::parse("http://127.0.0.1:" + std::to_string(port) + "/");
    auto silent = co_await dialer.dial(plain);
    auto talking = co_await dialer.dial(plain);
    co_await talking->write("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    ClientResponse response = co_await get(client, base + "/show");
    EXPECT_EQ(response.status, 200);
    for (net::Stream* stream : {silent.get(), talking.get()}) {
      stream->set_deadline(std::chrono::steady_clock::now() + 5s);
      std::array<char, 256> buffer;
      std::string end = "ended";
      try {
        std::size_t n = 1;
        while (n > 0) n = co_await stream->read(buffer);
      } catch (const Fault& fault) {
        end = fault.code();
      }
      EXPECT_NE(end, "deadline");
    }
    response = co_await get(client, base + "/show");
    EXPECT_EQ(response.status, 200);
  });
}

}  // namespace
}  // namespace molecule::http
