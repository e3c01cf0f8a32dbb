#include "server/tasks/turns.h"

#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "platform/io/scope.h"

namespace molecule::tasks {
namespace {

using Heard = std::vector<int>;

io::Task<void> waits(Turns& turns, std::string who, int number, Heard& heard) {
  const Turns::Turn turn = co_await turns.take(std::move(who));
  heard.push_back(number);
}

TEST(Turns, ComeOneAfterTheOtherForOneAndAtOnceForOthers) {
  io::Loop loop;
  auto story = []() -> io::Task<void> {
    Turns turns;
    Heard heard;
    io::Context here = co_await io::context();
    io::Scope scope(*here.loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
    std::optional<Turns::Turn> first;
    first.emplace(co_await turns.take("a"));
    scope.spawn("waits", waits(turns, "a", 1, heard));
    scope.spawn("waits", waits(turns, "a", 2, heard));
    scope.spawn("waits", waits(turns, "b", 3, heard));
    co_await io::sleep(std::chrono::milliseconds(5));
    EXPECT_EQ(heard, Heard{3});
    first.reset();
    co_await scope.join();
    EXPECT_EQ(heard, (Heard{3, 1, 2}));
    // Nothing is left of them.
    const Turns::Turn again = co_await turns.take("a");
  };
  io::run(loop, io::within(std::chrono::seconds(10), story()));
}

TEST(Turns, AreRefusedToWhoeverHasManyInLine) {
  io::Loop loop;
  auto story = []() -> io::Task<void> {
    Turns turns;
    Heard heard;
    io::Context here = co_await io::context();
    io::Scope scope(*here.loop, [](std::string_view, std::exception_ptr) { ADD_FAILURE(); });
    std::optional<Turns::Turn> first;
    first.emplace(co_await turns.take("a"));
    for (std::size_t i = 0; i < Turns::waiting_max; ++i)
      scope.spawn("waits", waits(turns, "a", 1, heard));
    co_await io::sleep(std::chrono::milliseconds(5));
    std::string refused;
    try {
      io::Task<void> one_more = waits(turns, "a", 1, heard);
      co_await one_more;
    } catch (const Fault& fault) {
      refused = fault.code();
    }
    EXPECT_EQ(refused, "too_many_lists");
    first.reset();
    co_await scope.join();
    EXPECT_EQ(heard.size(), Turns::waiting_max);
  };
  io::run(loop, io::within(std::chrono::seconds(10), story()));
}

}  // namespace
}  // namespace molecule::tasks
