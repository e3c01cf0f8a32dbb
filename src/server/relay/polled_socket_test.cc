#include "server/relay/polled_socket.h"

#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "platform/io/manual_timers.h"
#include "platform/io/scope.h"
#include "testing/manual_clock.h"

namespace molecule::relay {
namespace {

using namespace std::chrono_literals;
using Kind = ParcelMessage::Kind;

std::string parcel_of(std::string_view bytes, Kind kind = Kind::binary) {
  std::string parcel;
  pack(parcel, kind, bytes);
  return parcel;
}

class Polled : public ::testing::Test {
 protected:
  void TearDown() override {
    scope.cancel();
    loop.poll();
  }
  void pass(std::chrono::nanoseconds by) {
    clock.advance(by);
    timers.ring();
    loop.poll();
  }
  // What a call ends with: "ok", or the code of its Fault; "…" while it goes on.
  std::shared_ptr<std::string> ending_of(std::function<io::Task<void>()> call) {
    auto ending = std::make_shared<std::string>("…");
    auto run = [](std::function<io::Task<void>()> make,
                  std::shared_ptr<std::string> out) -> io::Task<void> {
      try {
        co_await make();
        *out = "ok";
      } catch (const Fault& fault) {
        *out = fault.code();
      }
    };
    scope.spawn("call", run(std::move(call), ending));
    loop.poll();
    return ending;
  }
  std::shared_ptr<std::string> put(std::int64_t number, std::string parcel) {
    return ending_of([this, number, parcel] { return socket.put(number, parcel); });
  }
  std::shared_ptr<std::string> take(std::int64_t number) {
    auto one = [](Polled& at, std::int64_t of) -> io::Task<void> {
      at.taken.push_back(co_await at.socket.take(of));
    };
    return ending_of([this, number, one] { return one(*this, number); });
  }
  std::shared_ptr<std::string> send(std::string bytes) {
    return ending_of([this, bytes] { return socket.send(http::Frame::Opcode::binary, bytes); });
  }
  std::shared_ptr<std::string> receive() {
    auto one = [](Polled& at) -> io::Task<void> {
      auto frame = co_await at.socket.receive();
      at.received.push_back(frame ? frame->payload : "(closed)");
    };
    return ending_of([this, one] { return one(*this); });
  }

  test::ManualClock clock;
  io::Loop loop;
  io::ManualTimers timers{loop, clock};
  io::Scope scope{loop, nullptr};
  PolledSocket socket{clock};
  std::vector<std::string> taken, received;
};

TEST_F(Polled, CarriesMessagesBothWaysInOrder) {
  EXPECT_EQ(*put(1, parcel_of("a") + parcel_of("b")), "ok");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(*receive(), "ok");
  EXPECT_EQ(received, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(*send("c"), "ok");
  EXPECT_EQ(*send("d"), "ok");
  EXPECT_EQ(*take(1), "ok");
  EXPECT_EQ(taken, std::vector{parcel_of("c") + parcel_of("d")});
}

TEST_F(Polled, WhoAsksWaitsAWhileForSomething) {
  const auto first = take(1);
  pass(19s);
  EXPECT_EQ(*first, "…");
  send("late");
  EXPECT_EQ(*first, "ok");
  const auto second = take(2);
  pass(20s);
  EXPECT_EQ(*second, "ok");
  EXPECT_EQ(taken, (std::vector<std::string>{parcel_of("late"), ""}));
}

TEST_F(Polled, ANumberThatDoesNotFollowEndsIt) {
  const auto reading = receive();
  const auto held = take(1);
  EXPECT_EQ(*put(2, parcel_of("skipped")), "poll_broken");
  loop.poll();
  EXPECT_EQ(*reading, "cancelled");
  EXPECT_EQ(*held, "poll_broken");
  EXPECT_EQ(*put(1, parcel_of("a")), "poll_broken");
  EXPECT_EQ(*send("b"), "cancelled");
}

TEST_F(Polled, KeepsNoMoreThanItHasRoomForHoweverManyMessagesItIs) {
  std::string empty_ones;
  while (empty_ones.size() < PolledSocket::kept_max) empty_ones += parcel_of("");
  const auto first = put(1, empty_ones + parcel_of("a"));
  EXPECT_EQ(*first, "…") << "messages without bytes take room too";
  const auto second = put(2, parcel_of("b"));
  const auto third = put(3, parcel_of("c"));
  while (received.empty() || received.back() != "c") ASSERT_EQ(*receive(), "ok");
  std::erase(received, "");
  EXPECT_EQ(received, (std::vector<std::string>{"a", "b", "c"}));
  for (const auto& each : {first, second, third}) EXPECT_EQ(*each, "ok");
}

TEST_F(Polled, WhatIsNotUnderstoodEndsIt) {
  EXPECT_EQ(*put(1, "?"), "parcel_invalid");
  EXPECT_EQ(*receive(), "cancelled");
}

TEST_F(Polled, AnAgentThatAsksNoMoreIsGone) {
  const auto reading = receive();
  pass(30s);
  take(1);
  pass(20s);  // It was answered with nothing.
  pass(44s);
  EXPECT_EQ(*reading, "…");
  pass(1s);
  EXPECT_EQ(*reading, "cancelled");
  EXPECT_EQ(*put(1, ""), "poll_broken");
}

TEST_F(Polled, ARequestThatBreaksOffTakesTheRestWithIt) {
  const auto reading = receive();
  {
    io::Scope request(loop, nullptr);
    auto ask = [](PolledSocket& at) -> io::Task<void> { co_await at.take(1); };
    request.spawn("request", ask(socket));
    loop.poll();
    request.cancel();
    loop.poll();
  }
  EXPECT_EQ(*reading, "cancelled");
}

TEST_F(Polled, WhoIsFasterThanTheOtherSideWaits) {
  const std::string message(60'000, 'x');
  std::string five;
  for (int i = 0; i < 5; ++i) pack(five, Kind::binary, message);
  const auto putting = put(1, five);
  EXPECT_EQ(*putting, "…");
  receive();
  EXPECT_EQ(*putting, "ok") << "less than kept_max waits";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(*send(message), "ok");
  const auto sending = send(message);
  EXPECT_EQ(*sending, "…");
  take(1);
  EXPECT_EQ(*sending, "ok");
}

TEST_F(Polled, ACloseReachesTheOtherSide) {
  const auto closing = ending_of([this] { return socket.close(1008, "wrong"); });
  EXPECT_EQ(*closing, "…");
  EXPECT_EQ(*take(1), "ok");
  EXPECT_EQ(*closing, "ok");
  EXPECT_EQ(taken, std::vector{parcel_of(close_bytes(1008, "wrong"), Kind::close)});
  EXPECT_EQ(*take(2), "poll_broken");
}

TEST_F(Polled, AnAgentThatLeavesIsHeard) {
  EXPECT_EQ(*put(1, parcel_of("last") + parcel_of(close_bytes(1000, ""), Kind::close)), "ok");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(*receive(), "ok");
  EXPECT_EQ(received, (std::vector<std::string>{"last", "(closed)"}));
  EXPECT_EQ(*take(1), "poll_broken");
}

}  // namespace
}  // namespace molecule::relay
