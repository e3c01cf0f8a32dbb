// For the tests of the client: servers that play a script, on the client's own loop.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/fault.h"
#include "platform/http/client.h"
#include "platform/io/scope.h"
#include "platform/net/socket.h"

namespace molecule::http {

using namespace std::chrono_literals;

class LoopbackResolver final : public net::Resolver {
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

inline io::Task<std::optional<Received>> receive(net::Stream& from, std::string& held) {
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
class ScriptedServer {
 public:
  struct Turn {
    net::Stream& stream;
    const Received& request;
    int connection;  // From 0.
    int number;      // Of the request on this connection, from 0.
  };
  // Returns false to close the connection afterwards.
  using Script = std::function<io::Task<bool>(Turn)>;

  ScriptedServer(io::Loop& loop, Script script)
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
inline ScriptedServer::Script says(std::string text, bool keep = true) {
  return [text, keep](ScriptedServer::Turn turn) -> io::Task<bool> {
    co_await turn.stream.write(text);
    co_return keep;
  };
}

inline constexpr std::string_view ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class HttpClient : public ::testing::Test {
 protected:
  HttpClient() { limits.head = limits.idle = 3s; }

  // Runs `body` with a server that plays `script`, and a client.
  void play(ScriptedServer::Script script,
            std::function<io::Task<void>(ScriptedServer&, Client&)> body,
            ClientSettings settings = {}) {
    auto main = [&]() -> io::Task<void> {
      net::DialSettings dial;
      dial.dev = true;
      dial.connect_timeout = 3s;
      net::Dialer dialer(dial, resolver, metrics);
      ScriptedServer server(loop, script);
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
  LoopbackResolver resolver;
  metrics::Registry metrics;
  ClientLimits limits;
  Kind kind = Kind::internal;
  bool reached = false;
};

}  // namespace molecule::http
