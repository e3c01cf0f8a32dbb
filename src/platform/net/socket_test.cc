#include "platform/net/socket.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/io/manual_timers.h"
#include "platform/io/scope.h"
#include "platform/net/wheel.h"
#include "testing/manual_clock.h"

namespace molecule::net {
namespace {

using namespace std::chrono_literals;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return at;
}

io::Task<std::unique_ptr<Socket>> connect_to(std::uint16_t port) {
  sockaddr_in at = loopback(port);
  co_return co_await Socket::connect(reinterpret_cast<const sockaddr*>(&at), sizeof at, "127.0.0.1",
                                     std::chrono::steady_clock::now() + 5s);
}

struct Pair {
  std::unique_ptr<Socket> client;
  std::unique_ptr<Socket> server;
};

io::Task<Pair> pair_of(io::Loop& loop) {
  Listener listener(loop, "127.0.0.1", 0);
  Pair made;
  made.client = co_await connect_to(listener.port());
  made.server = co_await listener.accept();
  co_return made;
}

TEST(Socket, CarriesBytesBothWaysAndEndsInOrder) {
  io::Loop loop;
  auto body = [&]() -> io::Task<void> {
    Pair pair = co_await pair_of(loop);
    EXPECT_EQ(pair.server->peer(), "127.0.0.1");
    std::array<std::string_view, 3> pieces{"one ", "", "two"};
    co_await pair.client->write(pieces);
    std::array<char, 64> buffer{};
    std::size_t n = co_await pair.server->read(buffer);
    EXPECT_EQ(std::string_view(buffer.data(), n), "one two");
    co_await pair.client->shutdown_write();
    n = co_await pair.server->read(buffer);
    EXPECT_EQ(n, 0U);
    co_await pair.server->write("still open");
    n = co_await pair.client->read(buffer);
    EXPECT_EQ(std::string_view(buffer.data(), n), "still open");
  };
  io::run(loop, body());
}

TEST(Socket, WritesMoreThanTheKernelHolds) {
  io::Loop loop;
  std::string sent(9 << 20, 'x');
  for (std::size_t i = 0; i < sent.size(); i += 4096)
    sent[i] = static_cast<char>('a' + i / 4096 % 26);
  std::string received;
  auto reader = [](Socket& from, std::string& into) -> io::Task<void> {
    std::vector<char> buffer(50'000);
    for (;;) {
      std::size_t n = co_await from.read(buffer);
      if (n == 0) co_return;
      into.append(buffer.data(), n);
    }
  };
  auto body = [&]() -> io::Task<void> {
    Pair pair = co_await pair_of(loop);
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) { FAIL(); });
    scope.spawn("reader", reader(*pair.server, received));
    std::string_view all = sent;
    std::array<std::string_view, 2> pieces{all.substr(0, 5'000'001), all.substr(5'000'001)};
    co_await pair.client->write(pieces);
    co_await pair.client->shutdown_write();
    co_await scope.drain(10s);
  };
  io::run(loop, body());
  EXPECT_TRUE(received == sent);
}

Kind kind_of(io::Loop& loop, io::Task<void> work) {
  try {
    io::run(loop, std::move(work));
  } catch (const Fault& fault) {
    return fault.kind();
  }
  return Kind::internal;
}

TEST(Socket, AReadEndsAtItsDeadlineAndMayGoOnAfterIt) {
  io::Loop loop;
  auto body = [&]() -> io::Task<void> {
    Pair pair = co_await pair_of(loop);
    auto begun = std::chrono::steady_clock::now();
    pair.server->set_deadline(Direction::read, begun + 150ms);
    Wake why = co_await pair.server->wait(Direction::read);
    EXPECT_EQ(why, Wake::deadline);
    auto took = std::chrono::steady_clock::now() - begun;
    EXPECT_GE(took, 140ms);
    EXPECT_LT(took, 1s);
    why = co_await pair.server->wait(Direction::read);
    EXPECT_EQ(why, Wake::deadline);
    pair.server->set_deadline(Direction::read, no_deadline);
    co_await pair.client->write("late");
    why = co_await pair.server->wait(Direction::read);
    EXPECT_EQ(why, Wake::ready);
  };
  io::run(loop, body());
}

// The wheel wakes a sleeper by the exact time, a wait asks the coarse one, which may still be
// before the deadline: the second wait must not sleep for a deadline that has already rung.
TEST(Socket, ADeadlineThatHasRungFailsEveryLaterWaitAtOnce) {
  io::Loop loop;
  auto wait = [](Socket& on) -> io::Task<Wake> { co_return co_await on.wait(Direction::read); };
  auto body = [&]() -> io::Task<void> {
    Pair pair = co_await pair_of(loop);
    for (int round = 0; round < 10; ++round) {
      auto turns = std::chrono::steady_clock::now().time_since_epoch() / Wheel::tick + 2;
      pair.server->set_deadline(Direction::read, TimePoint(turns * Wheel::tick) - 1us);
      EXPECT_EQ(co_await io::within(5s, wait(*pair.server)), Wake::deadline);
      EXPECT_EQ(co_await io::within(5s, wait(*pair.server)), Wake::deadline);
    }
  };
  io::run(loop, body());
}

TEST(Socket, CancellationEndsAWait) {
  io::Loop loop;
  auto wait = [](Socket& on) -> io::Task<void> { co_await on.readable(); };
  auto body = [&]() -> io::Task<void> {
    Pair pair = co_await pair_of(loop);
    io::Task<void> waiting = wait(*pair.server);
    co_await io::within(20ms, std::move(waiting));
  };
  EXPECT_EQ(kind_of(loop, body()), Kind::deadline);
}

TEST(Socket, ClosingWakesAWaiter) {
  io::Loop loop;
  bool broken = false;
  auto reader = [](Socket& from, bool& out) -> io::Task<void> {
    std::array<char, 8> buffer{};
    try {
      co_await from.read(buffer);
    } catch (const Fault& fault) {
      out = fault.code() == "connection_lost";
    }
  };
  auto body = [&]() -> io::Task<void> {
    Pair pair = co_await pair_of(loop);
    io::Scope scope(loop, {});
    scope.spawn("reader", reader(*pair.server, broken));
    pair.server->close();
    co_await scope.drain(5s);
  };
  io::run(loop, body());
  EXPECT_TRUE(broken);
}

TEST(Socket, SeesThatThePeerWent) {
  io::Loop loop;
  auto body = [&]() -> io::Task<void> {
    Pair pair = co_await pair_of(loop);
    EXPECT_FALSE(pair.server->peer_gone());
    pair.client.reset();
    co_await pair.server->readable();
    EXPECT_TRUE(pair.server->peer_gone());
  };
  io::run(loop, body());
}

TEST(Socket, RefusedConnectionsSayWhy) {
  io::Loop loop;
  std::uint16_t port = 0;
  {
    Listener listener(loop, "127.0.0.1", 0);
    port = listener.port();
  }
  auto body = [&]() -> io::Task<void> { co_await connect_to(port); };
  try {
    io::run(loop, body());
    FAIL() << "expected a refusal";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), "connect_failed");
    EXPECT_NE(fault.text().find("refused"), std::string::npos) << fault.text();
  }
}

TEST(Listener, LoopsTakeConnectionsInTurnAndNobodyElseMayListenThere) {
  io::Loop loop, other;
  Listener first(loop, "127.0.0.1", 0);
  Listener second(other, first);
  EXPECT_EQ(second.port(), first.port());
  try {
    Listener third(loop, "127.0.0.1", first.port());
    FAIL() << "expected a conflict";
  } catch (const Fault& fault) {
    EXPECT_EQ(fault.code(), "address_in_use");
  }
  // Not even who says that the port may be shared.
  const int joining = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  EXPECT_EQ(::setsockopt(joining, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
  EXPECT_EQ(::setsockopt(joining, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(first.port());
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_NE(::bind(joining, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  EXPECT_EQ(errno, EADDRINUSE);
  ::close(joining);

  std::vector<int> calling;
  for (int i = 0; i < 4; ++i) {
    calling.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(calling.back(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  }
  auto take = [](Listener& from, int count) -> io::Task<void> {
    for (int i = 0; i < count; ++i) {
      const auto socket = co_await from.accept();
      EXPECT_EQ(socket->peer(), "127.0.0.1");
    }
  };
  // The second is the other loop's: it is on its way until that one runs.
  auto accept_all = [&]() -> io::Task<void> {
    io::Scope accepting(loop, [](std::string_view, std::exception_ptr) {});
    accepting.spawn("first", take(first, 3));
    co_await accepting.drain(std::chrono::milliseconds(200));
  };
  io::run(loop, accept_all());
  io::run(other, take(second, 2));
  for (const int each : calling) ::close(each);
  EXPECT_THROW(Listener(loop, "example.org", 0), Fault);
  EXPECT_GT(Listener(loop, "localhost", 0).port(), 0);
}

TEST(Wheel, ManyDeadlinesFireOnceAndLateOnesMove) {
  struct Counted final : Wheel::Entry {
    int fired = 0;
    void on_due() noexcept override { ++fired; }
  };
  io::Loop loop;
  Wheel& wheel = Wheel::of(loop);
  std::vector<std::unique_ptr<Counted>> entries;
  auto now = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) {
    entries.push_back(std::make_unique<Counted>());
    wheel.set(*entries.back(), now + std::chrono::milliseconds(i % 300));
  }
  for (int i = 0; i < 1000; i += 2) wheel.set(*entries[static_cast<std::size_t>(i)], now + 1h);
  wheel.set(*entries[1], no_deadline);
  auto wait = [](std::chrono::milliseconds time) -> io::Task<void> { co_await io::sleep(time); };
  io::run(loop, wait(600ms));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i]->fired, i % 2 == 0 || i == 1 ? 0 : 1) << i;
  }
  // From far away to near.
  wheel.set(*entries[0], std::chrono::steady_clock::now() + 50ms);
  io::run(loop, wait(400ms));
  EXPECT_EQ(entries[0]->fired, 1);
}

TEST(Wheel, DeadlinesAreThoseOfTheLoopsManualTimers) {
  struct Counted final : Wheel::Entry {
    int fired = 0;
    void on_due() noexcept override { ++fired; }
  };
  test::ManualClock clock;
  io::Loop loop;
  io::ManualTimers timers(loop, clock);
  Wheel& wheel = Wheel::of(loop);
  Counted near, far;
  auto pass = [&](std::chrono::milliseconds by) {
    clock.advance(by);
    timers.ring();
    loop.poll();
  };
  wheel.set(far, Wheel::now(loop) + 1h);
  wheel.set(near, Wheel::now(loop) + 300ms);
  pass(299ms);
  EXPECT_EQ(near.fired, 0);
  pass(200ms);
  EXPECT_EQ(near.fired, 1);
  for (int minutes = 0; minutes < 59; ++minutes) pass(1min);
  EXPECT_EQ(far.fired, 0);
  pass(2min);
  EXPECT_EQ(far.fired, 1);
  EXPECT_EQ(timers.next(), std::nullopt) << "nothing is left to wait for";
}

}  // namespace
}  // namespace molecule::net
