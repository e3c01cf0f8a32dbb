// For this folder's tests: a server on its own loop and thread, with routes that show what arrived.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "platform/http/server.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"

namespace molecule::http {

struct Anyone {
  struct Caller {};
  static constexpr Access access{"anyone", 0};
  static Caller prove(const Principal&) { return {}; }
};
struct Nobody {
  struct Caller {};
  static constexpr Access access{"nobody", 1};
  static Caller prove(const Principal&) { return {}; }
};

class TestGate final : public Gate {
 public:
  std::optional<Response> admit(const Route& route, Request& request) override {
    request.principal.lasts = lasts;
    if (request.header("x-member")) request.principal.kind = 1;
    if (route.pattern.starts_with("/quota/")) {
      auto kind = request.path.ends_with("none") ? Quota::Kind::unlimited : Quota::Kind::counted;
      request.quota = {kind, 4'294'967'295, 0, 60};
    }
    if (route.access->level == 0) return std::nullopt;
    return error_response(401, "unauthenticated", "no");
  }
  std::optional<Response> review(const Route&, Request& request) override {
    ++reviews;
    if (ended) return error_response(401, "token_expired", "over");
    request.principal.lasts = Principal::for_ever;
    return std::nullopt;
  }
  std::atomic<bool> ended = false;
  std::atomic<int> reviews = 0;
  std::atomic<std::chrono::milliseconds> lasts = Principal::for_ever;
};

// What the routes of every test do.
class Echo {
 public:
  using Caller = Anyone::Caller;

  io::Task<Response> show(Caller, const Request& request) {
    static constexpr std::array<std::string_view, 3> ways{"direct", "proxied", "claimed"};
    std::string text =
        fmt::format("{} {}?{} [{}] peer={} secure={} way={}", method_text(request.method),
                    request.path, request.query, request.body, request.peer, request.secure,
                    ways[static_cast<std::size_t>(request.way)]);
    for (const std::string& param : request.params) text += " {" + param + "}";
    ++calls;
    Response response = Response::json(200, std::move(text));
    response.content_type = "text/plain";
    co_return response;
  }
  io::Task<RawJson> parsed(Caller, RawJson body) { co_return body; }
  io::Task<void> nothing(Caller) { co_return; }
  io::Task<Response> forbidden(Nobody::Caller, const Request&) {
    ++calls;
    co_return Response::json(200, "never");
  }
  io::Task<Response> fails(Caller, std::string how) {
    if (how == "fault") throw conflict("taken", "it is taken").with("\"holder\":\"me\"");
    if (how == "late")
      throw Fault(Kind::rate_limited, "slow_down", "slow").retry_after(std::chrono::seconds(7));
    if (how == "header")
      co_return Response::json(200, "{}").with("X-Bad", "a\r\nSet-Cookie: evil=1");
    throw std::runtime_error("secret detail");
  }
  io::Task<Response> big(Caller) { co_return Response::json(200, std::string(8 << 20, 'b')); }
  // Waits until the test lets it go, or is cancelled.
  io::Task<Response> slow(Caller) {
    ++waiting;
    try {
      co_await io::sleep(std::chrono::seconds(30));
    } catch (const Fault&) {
      ++cancelled;
      throw;
    }
    co_return Response::json(200, "{}");
  }
  io::Task<Response> brief(Caller) {
    ++waiting;
    co_await io::sleep(std::chrono::milliseconds(300));
    co_return Response::json(200, "{}");
  }
  io::Task<Response> stream(Caller, std::string kind) {
    Response response;
    response.content_type = "text/event-stream";
    if (kind == "late") {
      ++waiting;
      co_await io::sleep(std::chrono::milliseconds(600));
    }
    if (kind == "three") {
      response.stream = [](BodyWriter& out) { return three(out); };
    } else if (kind == "fails") {
      response.stream = [](BodyWriter& out) { return one_then_fail(out); };
    } else if (kind == "flood") {
      response.stream = [this](BodyWriter& out) { return flood(*this, out); };
    } else {
      response.stream = [this](BodyWriter& out) { return endless(*this, out); };
    }
    co_return response;
  }
  // Reads its body as it comes: how many bytes, and their sum. "early" answers without reading.
  io::Task<Response> pour(Caller, std::string how, const Request& request) {
    ++calls;
    if (how == "early") throw conflict("not_now", "not now");
    std::uint64_t bytes = 0, sum = 0;
    for (;;) {
      const std::string_view piece = co_await request.incoming->next();
      if (piece.empty()) break;
      bytes += piece.size();
      for (char c : piece) sum += static_cast<unsigned char>(c);
      largest = std::max(largest.load(), piece.size());
    }
    ++poured;
    co_return Response::json(200, fmt::format("{} {}", bytes, sum));
  }
  // Something behind the body.
  io::Task<Response> trailing(Caller) {
    Response response;
    response.content_type = "text/plain";
    response.stream = [](BodyWriter& out) { return one_and_trailers(out); };
    co_return response;
  }
  static io::Task<void> one_and_trailers(BodyWriter& out) {
    co_await out.write("one");
    out.trailer("x-count", "1");
    out.trailer("x-bad", "a\r\nSet-Cookie: evil=1");
  }
  // Says a length before, and keeps to it or not.
  io::Task<Response> sized(Caller, std::string how) {
    Response response;
    response.content_type = "text/plain";
    response.stream_length = 6;
    response.stream = [how](BodyWriter& out) { return six(how == "short", out); };
    co_return response;
  }
  static io::Task<void> six(bool less, BodyWriter& out) {
    co_await out.write("one");
    if (!less) co_await out.write("two");
  }
  io::Task<Response> socket(Caller, const Request& request) {
    Response response;
    if (request.header("sec-websocket-protocol") == "chat") response.subprotocol = "chat";
    response.socket = [this](WebSocket& socket) { return talk(*this, socket); };
    co_return response;
  }

  std::atomic<int> calls = 0;
  std::atomic<int> waiting = 0;
  std::atomic<int> cancelled = 0;
  std::atomic<int> told = 0;
  std::atomic<int> sockets_ended = 0;
  std::atomic<int> poured = 0;
  std::atomic<std::size_t> largest = 0;
  std::atomic<long> written = 0;

 private:
  static io::Task<void> three(BodyWriter& out) {
    co_await out.write("one");
    co_await io::sleep(std::chrono::milliseconds(20));
    co_await out.write("");
    co_await out.write("two");
    co_await out.write(std::string(100'000, 'x'));
  }
  static io::Task<void> one_then_fail(BodyWriter& out) {
    co_await out.write("one");
    throw std::runtime_error("broken");
  }
  static io::Task<void> endless(Echo& self, BodyWriter& out) {
    io::Signal closing;
    out.notify_closed(&closing);
    co_await out.write(": hello\n\n");
    ++self.waiting;
    try {
      while (!out.closed()) co_await closing.wait(std::chrono::seconds(30));
      ++self.told;
    } catch (const Fault&) {
      ++self.cancelled;
      throw;
    }
    co_await out.write(": bye\n\n");
  }
  static io::Task<void> flood(Echo& self, BodyWriter& out) {
    std::string block(64 << 10, 'f');
    try {
      for (;;) {
        co_await out.write(block);
        self.written += static_cast<long>(block.size());
      }
    } catch (const Fault&) {
      ++self.cancelled;
      throw;
    }
  }
  static io::Task<void> repeat(WebSocket& socket, char who) {
    std::string payload(50'000, who);
    for (int i = 0; i < 100; ++i) co_await socket.send(Frame::Opcode::text, payload);
  }
  static io::Task<void> talk(Echo& self, WebSocket& socket) {
    struct Count {
      std::atomic<int>& ended;
      ~Count() { ++ended; }
    } count{self.sockets_ended};
    ++self.waiting;
    for (;;) {
      std::optional<Frame> frame = co_await socket.receive();
      if (!frame) co_return;
      if (frame->payload == "close please") {
        co_await socket.close(4001, "as asked");
      } else if (frame->payload == "fail please") {
        throw std::runtime_error("broken");
      } else if (frame->payload == "many please") {
        io::Context here = co_await io::context();
        io::Scope scope(*here.loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
        for (char who : {'a', 'b', 'c'}) scope.spawn("sender", repeat(socket, who));
        co_await scope.drain(std::chrono::seconds(20));
      } else if (frame->payload == "twice please") {
        std::string both =
            encode_frame(Frame::Opcode::text, "a") + encode_frame(Frame::Opcode::binary, "b");
        co_await socket.send_raw(both);
      } else {
        co_await socket.send(frame->opcode, frame->payload);
      }
    }
  }
};

inline Response in_own_words(Response answer) {
  return Response::json(200, fmt::format("words for {}", answer.status));
}

inline constexpr auto echo_routes =
    table(get<Anyone, &Echo::show>("/show"), post<Anyone, &Echo::show>("/show"),
          get<Anyone, &Echo::show>("/"), put<Anyone, &Echo::show>("/items/{id}"),
          get<Anyone, &Echo::show>("/items/{id}"), get<Anyone, &Echo::show>("/items/special"),
          get<Anyone, &Echo::show>("/items/{id}/parts/{part}"),
          get<Anyone, &Echo::show>("/tree/{id}/of/{path...}"),
          get<Anyone, &Echo::show>("/tree/{id}/of/known"),
          post<Anyone, &Echo::show>("/items/{id}:cancel"), post<Anyone, &Echo::parsed>("/parsed"),
          post<Anyone, &Echo::show>("/small").body_limit(100),
          del<Anyone, &Echo::nothing>("/items/{id}"), get<Nobody, &Echo::forbidden>("/forbidden"),
          post<Nobody, &Echo::forbidden>("/forbidden"), get<Anyone, &Echo::fails>("/fails/{how}"),
          get<Anyone, &Echo::fails>("/quota/{how}"), get<Anyone, &Echo::big>("/big"),
          get<Anyone, &Echo::slow>("/slow"), post<Anyone, &Echo::slow>("/slow"),
          get<Anyone, &Echo::brief>("/brief"), get<Anyone, &Echo::stream>("/stream/{kind}"),
          post<Anyone, &Echo::stream>("/stream/{kind}"), get<Anyone, &Echo::socket>("/ws"),
          post<Anyone, &Echo::pour>("/pour/{how}").reads_body("*/*", 1u << 20),
          get<Anyone, &Echo::sized>("/sized/{how}"), get<Anyone, &Echo::trailing>("/trailing"),
          post<Nobody, &Echo::forbidden>("/worded").answers_in(in_own_words));

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    settings.port = 0;
    settings.limits.linger = std::chrono::milliseconds(300);
    settings.limits.drain = std::chrono::milliseconds(2000);
  }
  ~ServerTest() override { stop(); }

  // With the settings as the test has left them; the first port() does it.
  void start() {
    router.mount(echo_routes, echo);
    std::atomic<std::uint16_t> bound = 0;
    thread = std::jthread([this, &bound] {
      Server server(loop, router, settings, registry);
      running = &server;
      if (before_serving) before_serving(server);
      bound = server.listen();
      bound.notify_all();
      auto main = [](ServerTest& self, Server& serving) -> io::Task<void> {
        io::Scope scope(self.loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
        scope.spawn("serve", serving.serve());
        co_await self.stop_asked.wait(std::chrono::hours(1));
        co_await serving.drain();
        co_await scope.drain(std::chrono::seconds(1));
      };
      io::run(loop, main(*this, server));
    });
    bound.wait(0);
    port_ = bound;
  }
  std::uint16_t port() {
    if (port_ == 0) start();
    return port_;
  }
  // Begins the drain and returns at once.
  void ask_to_stop() {
    loop.post([this] { stop_asked.notify(); });
  }
  void stop() {
    if (!thread.joinable()) return;
    ask_to_stop();
    thread.join();
  }
  // Until the condition holds, at most ten seconds.
  template <class Condition>
  bool eventually(Condition condition) {
    auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

  Settings settings;
  TestGate gate;
  Router router{gate};
  Echo echo;
  metrics::Registry registry;
  std::function<void(Server&)> before_serving;
  Server* running = nullptr;  // Once port() was called, until stop().
  io::Loop loop;
  io::Signal stop_asked;
  std::jthread thread;

 private:
  std::uint16_t port_ = 0;
};

}  // namespace molecule::http
