// Nobody keeps a loop to himself: what one connection, one listener or one tick of the wheel does
// before the loop comes to others is bounded.

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/io/scope.h"
#include "platform/net/socket.h"
#include "platform/net/wheel.h"

namespace molecule::net {
namespace {

using namespace std::chrono_literals;

// Takes every turn of a loop and sees by how much a count grew in between.
struct Bystander {
  std::size_t& count;
  bool stop = false;
  std::size_t most = 0;

  io::Task<void> look() {
    std::size_t before = count;
    while (!stop) {
      co_await io::yield();
      most = std::max(most, count - before);
      before = count;
    }
  }
};

struct Ends {
  int near = -1;
  int far = -1;
};

// A connection with both ends as descriptors; the near one does not block.
Ends connected(int buffer) {
  int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  EXPECT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), size), 0);
  EXPECT_EQ(::listen(listener, 1), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  Ends ends;
  ends.far = ::socket(AF_INET, SOCK_STREAM, 0);
  ::setsockopt(ends.far, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  EXPECT_EQ(::connect(ends.far, reinterpret_cast<sockaddr*>(&at), size), 0);
  ends.near = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
  ::setsockopt(ends.near, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  ::close(listener);
  return ends;
}

// Fills what the kernel holds for the near end.
std::size_t fill(int far) {
  std::string block(64 << 10, 'x');
  std::size_t sent = 0;
  for (;;) {
    ssize_t n = ::send(far, block.data(), block.size(), MSG_DONTWAIT);
    if (n < 0) return sent;
    sent += static_cast<std::size_t>(n);
  }
}

TEST(Turns, AReaderOfMuchLeavesTheLoopToOthers) {
  io::Loop loop;
  Ends ends = connected(1 << 20);
  const std::size_t sent = fill(ends.far);
  ASSERT_GT(sent, 4 * turn_max) << "the kernel holds too little for this test";
  ::shutdown(ends.far, SHUT_WR);
  std::size_t received = 0;
  Bystander bystander{received};
  auto read_all = [&](Socket& from) -> io::Task<void> {
    std::vector<char> buffer(4096);
    for (;;) {
      std::size_t n = co_await from.read(buffer);
      received += n;
      if (n == 0) break;
    }
    bystander.stop = true;
  };
  auto body = [&]() -> io::Task<void> {
    auto socket = Socket::adopt(loop, ends.near, "127.0.0.1");
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
    scope.spawn("bystander", bystander.look());
    scope.spawn("reader", read_all(*socket));
    co_await scope.drain(10s);
  };
  io::run(loop, body());
  EXPECT_EQ(received, sent);
  EXPECT_LE(bystander.most, turn_max + 4096);
  ::close(ends.far);
}

TEST(Turns, ADeadlineHoldsForAReaderThatIsNeverDone) {
  io::Loop loop;
  Ends ends = connected(1 << 20);
  std::atomic<bool> stop = false;
  std::jthread flood([&] {
    std::string block(64 << 10, 'x');
    while (!stop) {
      if (::send(ends.far, block.data(), block.size(), MSG_NOSIGNAL) < 0) return;
    }
  });
  Kind kind = Kind::internal;
  auto body = [&]() -> io::Task<void> {
    auto socket = Socket::adopt(loop, ends.near, "127.0.0.1");
    socket->set_deadline(std::chrono::steady_clock::now() + 300ms);
    std::vector<char> buffer(4096);
    const auto give_up = std::chrono::steady_clock::now() + 5s;
    try {
      while (std::chrono::steady_clock::now() < give_up) co_await socket->read(buffer);
    } catch (const Fault& fault) {
      kind = fault.kind();
    }
    stop = true;
    socket->close();
  };
  io::run(loop, body());
  EXPECT_EQ(kind, Kind::deadline);
  flood.join();
  ::close(ends.far);
}

TEST(Turns, AnAccepterLeavesTheLoopToOthers) {
  io::Loop loop;
  Listener listener(loop, "127.0.0.1", 0);
  constexpr std::size_t many = 300;
  std::vector<int> clients;
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(listener.port());
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (std::size_t i = 0; i < many; ++i) {
    clients.push_back(::socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_EQ(::connect(clients.back(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
  }
  std::size_t accepted = 0;
  Bystander bystander{accepted};
  auto accept_all = [&]() -> io::Task<void> {
    while (accepted < many) {
      auto socket = co_await listener.accept();
      ++accepted;
    }
    bystander.stop = true;
  };
  auto body = [&]() -> io::Task<void> {
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
    scope.spawn("bystander", bystander.look());
    scope.spawn("accepter", accept_all());
    co_await scope.drain(10s);
  };
  io::run(loop, body());
  EXPECT_EQ(accepted, many);
  EXPECT_LE(bystander.most, static_cast<std::size_t>(accepted_per_turn_max));
  for (int client : clients) ::close(client);
}

TEST(Turns, DeadlinesThatPassTogetherAreToldInPortions) {
  static std::size_t told;
  told = 0;
  struct Counted final : Wheel::Entry {
    void on_due() noexcept override { ++told; }
  };
  constexpr std::size_t many = 3000;
  io::Loop loop;
  Wheel& wheel = Wheel::of(loop);
  std::vector<std::unique_ptr<Counted>> entries;
  const auto due = std::chrono::steady_clock::now() + 50ms;
  for (std::size_t i = 0; i < many; ++i) {
    entries.push_back(std::make_unique<Counted>());
    wheel.set(*entries.back(), due);
  }
  Bystander bystander{told};
  auto wait_for_all = [&]() -> io::Task<void> {
    const auto give_up = std::chrono::steady_clock::now() + 10s;
    while (told < many && std::chrono::steady_clock::now() < give_up) co_await io::sleep(5ms);
    bystander.stop = true;
  };
  auto body = [&]() -> io::Task<void> {
    io::Scope scope(loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
    scope.spawn("bystander", bystander.look());
    scope.spawn("waiter", wait_for_all());
    co_await scope.drain(20s);
  };
  io::run(loop, body());
  EXPECT_EQ(told, many);
  EXPECT_LE(bystander.most, 256U);
}

}  // namespace
}  // namespace molecule::net
