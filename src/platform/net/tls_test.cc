#include "platform/net/tls.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/io/scope.h"
#include "platform/metrics/metrics.h"
#include "platform/net/dial.h"
#include "testing/certificate.h"

namespace molecule::net {
namespace {

using namespace std::chrono_literals;
using molecule::testing::Certificate;
using molecule::testing::CertificateFacts;

class LocalResolver final : public Resolver {
 public:
  io::Task<std::vector<Address>> resolve(std::string) override {
    std::vector<Address> found{*Address::parse("127.0.0.1")};
    co_return found;
  }
};

TimePoint soon() { return std::chrono::steady_clock::now() + 5s; }

// Accepts connections and echoes what they say until they end; failed handshakes are counted.
class EchoServer {
 public:
  EchoServer(io::Loop& loop, TlsServer& tls)
      : listener_(loop, "127.0.0.1", 0),
        tls_(tls),
        scope_(loop, [this](std::string_view, std::exception_ptr) { ++failures; }) {
    scope_.spawn("accept", accept());
  }
  io::Task<void> stop() { co_await scope_.drain(0ms); }
  std::string url(std::string_view host) const {
    return "https://" + std::string(host) + ":" + std::to_string(listener_.port()) + "/";
  }
  int failures = 0;
  int ended = 0;

 private:
  io::Task<void> accept() {
    for (;;) {
      auto socket = co_await listener_.accept();
      scope_.spawn("echo", echo(std::move(socket)));
    }
  }
  io::Task<void> echo(std::unique_ptr<Socket> socket) {
    auto stream = co_await tls_.accept(std::move(socket), soon());
    std::vector<char> buffer(100'000);
    for (;;) {
      std::size_t n = co_await stream->read(buffer);
      if (n == 0) break;
      co_await stream->write(std::string_view(buffer.data(), n));
    }
    co_await stream->shutdown_write();
    ++ended;
  }
  Listener listener_;
  TlsServer& tls_;
  io::Scope scope_;
};

class Tls : public ::testing::Test {
 protected:
  // Runs `body` with a server that shows `certificate` and a dialler that trusts `trusted`.
  void play(const Certificate& certificate, const std::string& trusted,
            std::function<io::Task<void>(EchoServer&, Dialer&)> body) {
    auto main = [&]() -> io::Task<void> {
      TlsServer tls(certificate.certificate_file(), certificate.key_file());
      DialSettings settings;
      settings.dev = true;
      settings.tls.system_roots = false;
      settings.tls.ca_file = trusted;
      Dialer dialer(settings, resolver, metrics);
      EchoServer server(loop, tls);
      co_await body(server, dialer);
      co_await server.stop();
    };
    io::run(loop, main());
  }
  struct Ended {
    std::string code;
    std::string text;
  };
  io::Task<Ended> dial(Dialer& dialer, std::string url) {
    Url parsed = Url::parse(url);
    Ended ended{"connected", ""};
    try {
      auto stream = co_await dialer.dial(parsed);
      EXPECT_TRUE(stream->secure());
    } catch (const Fault& fault) {
      ended.code = fault.code();
      ended.text = fault.text();
    }
    co_return ended;
  }

  io::Loop loop;
  LocalResolver resolver;
  metrics::Registry metrics;
};

TEST_F(Tls, CarriesBytesBothWaysAndEndsInOrder) {
  Certificate certificate;
  play(certificate, certificate.certificate_file(),
       [&](EchoServer& server, Dialer& dialer) -> io::Task<void> {
         Url url = Url::parse(server.url("agent.example"));
         auto stream = co_await dialer.dial(url);
         EXPECT_TRUE(stream->secure());
         EXPECT_EQ(stream->peer(), "127.0.0.1");
         std::array<std::string_view, 3> pieces{"one ", "", "two"};
         co_await stream->write(pieces);
         std::array<char, 64> buffer{};
         std::size_t n = co_await stream->read(buffer);
         EXPECT_EQ(std::string_view(buffer.data(), n), "one two");
         co_await stream->shutdown_write();
         n = co_await stream->read(buffer);
         EXPECT_EQ(n, 0U);
         for (int i = 0; i < 500 && server.ended == 0; ++i) co_await io::sleep(1ms);
         EXPECT_EQ(server.ended, 1);
         EXPECT_EQ(server.failures, 0);
       });
}

TEST_F(Tls, CarriesMoreThanTheKernelHoldsInManyPieces) {
  Certificate certificate;
  play(certificate, certificate.certificate_file(),
       [&](EchoServer& server, Dialer& dialer) -> io::Task<void> {
         Url url = Url::parse(server.url("agent.example"));
         auto stream = co_await dialer.dial(url);
         std::string sent(6'000'000, 'x');
         for (std::size_t i = 0; i < sent.size(); i += 1000)
           sent[i] = static_cast<char>('a' + i / 1000 % 26);
         std::string received;
         auto reader = [](Stream& from, std::string& into, std::size_t size) -> io::Task<void> {
           // Smaller than a record, so that decoded bytes wait inside the stream.
           std::array<char, 5000> buffer;
           while (into.size() < size) {
             std::size_t n = co_await from.read(buffer);
             if (n == 0) break;
             into.append(buffer.data(), n);
           }
         };
         io::Scope scope(loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
         scope.spawn("reader", reader(*stream, received, sent.size()));
         std::vector<std::string_view> pieces;
         std::string_view left = sent;
         for (std::size_t size = 1; !left.empty(); size = size * 3 + 1) {
           pieces.push_back(left.substr(0, size));
           left.remove_prefix(std::min(size, left.size()));
         }
         co_await stream->write(pieces);
         co_await scope.drain(20s);
         EXPECT_TRUE(received == sent);
       });
}

TEST_F(Tls, TrustsACertificateForTheNameOrTheAddress) {
  CertificateFacts facts;
  facts.names = {"agent.example", "*.wild.example"};
  facts.addresses = {"127.0.0.1"};
  Certificate certificate(facts);
  play(certificate, certificate.certificate_file(),
       [&](EchoServer& server, Dialer& dialer) -> io::Task<void> {
         for (auto host : {"agent.example", "AGENT.example", "a.wild.example", "127.0.0.1"}) {
           Ended ended = co_await dial(dialer, server.url(host));
           EXPECT_EQ(ended.code, "connected") << host << ": " << ended.text;
         }
       });
}

TEST_F(Tls, RefusesACertificateForAnotherHost) {
  Certificate certificate;
  play(certificate, certificate.certificate_file(),
       [&](EchoServer& server, Dialer& dialer) -> io::Task<void> {
         Ended ended = co_await dial(dialer, server.url("other.example"));
         EXPECT_EQ(ended.code, "tls_failed");
         EXPECT_NE(ended.text.find("hostname mismatch"), std::string::npos) << ended.text;
         ended = co_await dial(dialer, server.url("127.0.0.1"));
         EXPECT_EQ(ended.code, "tls_failed");
         EXPECT_NE(ended.text.find("IP address mismatch"), std::string::npos) << ended.text;
         for (auto host : {"sub.agent.example", "example", "xagent.example"}) {
           ended = co_await dial(dialer, server.url(host));
           EXPECT_EQ(ended.code, "tls_failed") << host;
         }
       });
}

TEST_F(Tls, RefusesACertificateNobodyTrusts) {
  Certificate certificate;
  Certificate other;
  for (const std::string& trusted : {std::string(), other.certificate_file()}) {
    play(certificate, trusted, [&](EchoServer& server, Dialer& dialer) -> io::Task<void> {
      Ended ended = co_await dial(dialer, server.url("agent.example"));
      EXPECT_EQ(ended.code, "tls_failed");
      EXPECT_NE(ended.text.find("self-signed"), std::string::npos) << ended.text;
    });
  }
}

TEST_F(Tls, RefusesACertificateThatHasExpiredOrIsNotYetValid) {
  CertificateFacts expired;
  expired.valid_from = -2h;
  expired.valid_until = -1h;
  CertificateFacts early;
  early.valid_from = 1h;
  early.valid_until = 2h;
  for (auto [facts, words] : {std::pair{expired, "expired"}, std::pair{early, "not yet valid"}}) {
    Certificate certificate(facts);
    play(certificate, certificate.certificate_file(),
         [&](EchoServer& server, Dialer& dialer) -> io::Task<void> {
           Ended ended = co_await dial(dialer, server.url("agent.example"));
           EXPECT_EQ(ended.code, "tls_failed");
           EXPECT_NE(ended.text.find(words), std::string::npos) << ended.text;
         });
  }
}

TEST_F(Tls, ShowsTheNewCertificateAfterAReload) {
  Certificate certificate;
  TlsServer tls(certificate.certificate_file(), certificate.key_file());
  auto main = [&]() -> io::Task<void> {
    EchoServer server(loop, tls);
    CertificateFacts renewed;
    renewed.names = {"renewed.example"};
    certificate.renew(renewed);
    DialSettings settings;
    settings.dev = true;
    settings.tls.system_roots = false;
    settings.tls.ca_file = certificate.certificate_file();
    Dialer dialer(settings, resolver, metrics);
    Ended ended = co_await dial(dialer, server.url("renewed.example"));
    EXPECT_EQ(ended.code, "tls_failed");
    tls.reload();
    ended = co_await dial(dialer, server.url("renewed.example"));
    EXPECT_EQ(ended.code, "connected") << ended.text;

    // A broken file changes nothing.
    std::ofstream(certificate.key_file()) << "not a key";
    EXPECT_THROW(tls.reload(), Fault);
    ended = co_await dial(dialer, server.url("renewed.example"));
    EXPECT_EQ(ended.code, "connected") << ended.text;
    co_await server.stop();
  };
  io::run(loop, main());
}

TEST_F(Tls, RefusesFilesThatDoNotBelongTogether) {
  Certificate one, two;
  EXPECT_THROW(TlsServer(one.certificate_file(), two.key_file()), Fault);
  EXPECT_THROW(TlsServer(one.certificate_file(), one.certificate_file()), Fault);
  EXPECT_THROW(TlsServer("/nowhere/cert.pem", one.key_file()), Fault);
  TlsClientSettings settings;
  settings.ca_file = "/nowhere/ca.pem";
  EXPECT_THROW(TlsClient{settings}, Fault);
  EXPECT_NO_THROW(TlsClient{TlsClientSettings{}});
}

TEST_F(Tls, FailsAgainstAServerThatSpeaksPlainText) {
  auto main = [&]() -> io::Task<void> {
    Listener listener(loop, "127.0.0.1", 0);
    auto plain = [](Listener& at) -> io::Task<void> {
      auto stream = co_await at.accept();
      std::array<char, 1024> buffer;
      co_await stream->read(buffer);
      co_await stream->write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    };
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) {});
    scope.spawn("plain", plain(listener));
    DialSettings settings;
    settings.dev = true;
    Dialer dialer(settings, resolver, metrics);
    Ended ended =
        co_await dial(dialer, "https://agent.example:" + std::to_string(listener.port()) + "/");
    EXPECT_EQ(ended.code, "tls_failed") << ended.text;
    co_await scope.drain(0ms);
  };
  io::run(loop, main());
}

TEST_F(Tls, GivesUpOnASilentServer) {
  auto main = [&]() -> io::Task<void> {
    Listener listener(loop, "127.0.0.1", 0);
    DialSettings settings;
    settings.dev = true;
    settings.connect_timeout = 200ms;
    Dialer dialer(settings, resolver, metrics);
    Ended ended =
        co_await dial(dialer, "https://agent.example:" + std::to_string(listener.port()) + "/");
    EXPECT_EQ(ended.code, "agent_timeout") << ended.text;
  };
  io::run(loop, main());
}

TEST_F(Tls, RefusesAClientThatSpeaksPlainText) {
  Certificate certificate;
  play(certificate, certificate.certificate_file(),
       [&](EchoServer& server, Dialer& dialer) -> io::Task<void> {
         std::string plain = server.url("agent.example").replace(0, 5, "http");
         Url url = Url::parse(plain);
         auto stream = co_await dialer.dial(url);
         co_await stream->write("GET / HTTP/1.1\r\n\r\n");
         std::array<char, 1024> buffer;
         std::size_t total = 0;
         for (;;) {
           std::size_t n = 0;
           try {
             n = co_await stream->read(buffer);
           } catch (const Fault&) {
             break;
           }
           if (n == 0) break;
           total += n;
         }
         EXPECT_LT(total, 64U);  // An alert at most.
         for (int i = 0; i < 500 && server.failures == 0; ++i) co_await io::sleep(1ms);
         EXPECT_EQ(server.failures, 1);
       });
}

// A connection that is cut without close_notify may have been cut by somebody else.
TEST_F(Tls, TellsATruncationFromAnEnd) {
  Certificate certificate;
  TlsServer tls(certificate.certificate_file(), certificate.key_file());
  auto main = [&]() -> io::Task<void> {
    Listener listener(loop, "127.0.0.1", 0);
    auto cut = [](Listener& at, TlsServer& with) -> io::Task<void> {
      auto socket = co_await at.accept();
      auto stream = co_await with.accept(std::move(socket), soon());
      co_await stream->write("half");
      stream->close();
    };
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
    scope.spawn("cut", cut(listener, tls));
    DialSettings settings;
    settings.dev = true;
    settings.tls.ca_file = certificate.certificate_file();
    Dialer dialer(settings, resolver, metrics);
    Url url = Url::parse("https://agent.example:" + std::to_string(listener.port()) + "/");
    auto stream = co_await dialer.dial(url);
    std::array<char, 64> buffer;
    std::size_t n = co_await stream->read(buffer);
    EXPECT_EQ(n, 4U);
    std::string code = "end";
    try {
      co_await stream->read(buffer);
    } catch (const Fault& fault) {
      code = fault.code();
    }
    EXPECT_EQ(code, "connection_lost");
    co_await scope.drain(1s);
  };
  io::run(loop, main());
}

TEST_F(Tls, IsCancelledWithItsCaller) {
  auto main = [&]() -> io::Task<void> {
    Listener listener(loop, "127.0.0.1", 0);
    DialSettings settings;
    settings.dev = true;
    Dialer dialer(settings, resolver, metrics);
    Ended ended = co_await io::within(
        50ms, dial(dialer, "https://agent.example:" + std::to_string(listener.port()) + "/"));
    EXPECT_EQ(ended.code, "deadline") << ended.text;
  };
  io::run(loop, main());
}

}  // namespace
}  // namespace molecule::net
