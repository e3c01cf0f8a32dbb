// The gate in front of a real server: a browser's session ends with time, and what it holds with
// it.
#include <atomic>
#include <memory>
#include <semaphore>
#include <thread>

#include <gtest/gtest.h>

#include "platform/http/server.h"
#include "platform/io/scope.h"
#include "platform/io/signal.h"
#include "server/auth/gate.h"
#include "testing/each_database.h"
#include "testing/http_peer.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"

namespace molecule::auth {
namespace {

using namespace std::chrono_literals;
using testing::HttpPeer;

struct Everybody final : Residents, Reach {
  Standing standing(WorkspaceId) const override { return Standing::present; }
  bool may_reach(WorkspaceId, WorkspaceId) const override { return true; }
};

// A read that waits for a minute.
class Waiting {
 public:
  io::Task<http::Response> wait(Admin::Caller) {
    arrived.release();
    co_await io::sleep(60s);
    co_return http::Response::json(200, "{}");
  }
  std::counting_semaphore<> arrived{0};
};
constexpr auto waiting_routes = http::table(http::get<Admin, &Waiting::wait>("/wait"));

class Held : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    record = std::make_unique<facts::Record>(db(), clock);
    tokens = std::make_unique<Tokens>(db(), clock, random, everybody, *record);
    sessions = std::make_unique<Sessions>(db(), clock, random, *record);
    keys = std::make_unique<Keys>(db(), clock, random, *record);
    record->join(*tokens);
    record->join(*sessions);
    record->join(*keys);
    run(record->load());
    gate = std::make_unique<Gate>(
        GateParts{*tokens, *sessions, *keys, admin, everybody, limits, clock, metrics},
        http::Site("127.0.0.1", {}, {}));
    router = std::make_unique<http::Router>(*gate);
    router->mount(waiting_routes, service);
    http::Settings settings;
    settings.port = 0;
    settings.limits.drain = 0ms;
    std::atomic<std::uint16_t> bound = 0;
    thread = std::thread([this, settings, &bound] {
      http::Server server(loop, *router, settings, metrics);
      running = &server;
      auto serve = [](Held& self, http::Server& serving) -> io::Task<void> {
        io::Scope scope(self.loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
        scope.spawn("serve", serving.serve());
        co_await self.stop.wait(1h);
        co_await serving.drain();
        co_await scope.drain(1s);
      };
      bound = server.listen();
      bound.notify_all();
      io::run(loop, serve(*this, server));
    });
    bound.wait(0);
    port = bound;
  }
  void TearDown() override {
    loop.post([this] { stop.notify(); });
    thread.join();
    router.reset();
    gate.reset();
    keys.reset();
    sessions.reset();
    tokens.reset();
    EachDatabase::TearDown();
  }
  std::string signed_in() {
    return write([&](sql::Tx& tx) { return std::string(sessions->start(tx).text.reveal()); });
  }
  HttpPeer waiting_with(const std::string& cookie) {
    HttpPeer client(port);
    client.send("GET /wait HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: molecule_session=" + cookie +
                "\r\n\r\n");
    EXPECT_TRUE(service.arrived.try_acquire_for(10s));
    return client;
  }

  test::ManualClock clock;
  test::CountingRandom random;
  Everybody everybody;
  metrics::Registry metrics;
  AdminToken admin{Secret("an operator's long token")};
  Limits limits{LimitSettings{}};
  Waiting service;
  std::unique_ptr<facts::Record> record;
  std::unique_ptr<Tokens> tokens;
  std::unique_ptr<Sessions> sessions;
  std::unique_ptr<Keys> keys;
  std::unique_ptr<Gate> gate;
  std::unique_ptr<http::Router> router;
  io::Loop loop;
  io::Signal stop;
  http::Server* running = nullptr;
  std::thread thread;
  std::uint16_t port = 0;
};

TEST_P(Held, ASessionThatIsIdleForTooLongHoldsNothing) {
  std::string cookie = signed_in();
  clock.advance(Sessions::idle - 1s);
  // Asking marks it as seen; from here it is its own waiting request that is not activity.
  HttpPeer waiting = waiting_with(cookie);
  clock.advance(Sessions::idle - 1s);
  running->review();
  EXPECT_TRUE(sessions->find(cookie, clock.now()));
  clock.advance(1s);
  EXPECT_EQ(waiting.response().status, 401) << "noticed by itself when the second was over";
}

TEST_P(Held, ASessionSeenElsewhereGoesOnUntilItIsTooOld) {
  std::string cookie = signed_in();
  Instant end = clock.now() + Sessions::lifetime;
  for (int i = 0; i < 4; ++i) {
    clock.advance(Sessions::idle - 2s);
    EXPECT_TRUE(sessions->use(cookie, clock.now()));
  }
  clock.advance(end - clock.now() - 1s);
  HttpPeer waiting = waiting_with(cookie);
  clock.advance(1s);
  EXPECT_EQ(waiting.response().status, 401);
}

EACH_DATABASE(Held);

}  // namespace
}  // namespace molecule::auth
