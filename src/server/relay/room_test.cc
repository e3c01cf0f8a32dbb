#include "server/relay/room.h"

#include <vector>

#include <gtest/gtest.h>

#include "platform/io/clock.h"
#include "platform/io/manual_timers.h"
#include "platform/io/scope.h"
#include "testing/manual_clock.h"

namespace molecule::relay {
namespace {

using namespace std::chrono_literals;

class RoomTest : public ::testing::Test {
 protected:
  void TearDown() override {
    scope.cancel();
    loop.poll();
  }
  // Asks for places of one sender, one after the other.
  void ask(const std::optional<WorkspaceId>& sender, int count = 1) {
    auto one = [](RoomTest& at, std::optional<WorkspaceId> who, int number) -> io::Task<void> {
      auto place = co_await at.room.take(who, 5s);
      if (!place) {
        ++at.refused;
        co_return;
      }
      at.came.push_back(number);
      at.held.push_back(std::move(*place));
    };
    for (int i = 0; i < count; ++i) scope.spawn("place", one(*this, sender, ++asked));
    loop.poll();
  }

  test::ManualClock clock;
  io::Loop loop;
  io::ManualTimers timers{loop, clock};
  io::SystemRandom random;
  WorkspaceId ada = random.id<WorkspaceId>(), bob = random.id<WorkspaceId>();
  Room room{64};
  io::Scope scope{loop, nullptr};
  int asked = 0, refused = 0;
  std::vector<int> came;
  std::vector<Room::Place> held;
};

TEST_F(RoomTest, OneSenderLeavesRoomForOthersAndAllOfThemForQuestions) {
  ask(ada, 64);
  EXPECT_EQ(held.size(), 42U);
  ask(bob, 64);
  EXPECT_EQ(held.size(), 64U - Room::for_questions);
  ask({});
  EXPECT_EQ(held.size(), 56U);
}

TEST_F(RoomTest, APlaceThatFallsFreeGoesToWhoseTurnItIs) {
  ask(ada, 44);
  ask(bob, 14);
  came.clear();
  held.erase(held.begin());  // One of hers.
  loop.poll();
  EXPECT_EQ(came, std::vector<int>{43}) << "her next, in her order";
  ask(bob);
  held.erase(held.begin());
  loop.poll();
  EXPECT_EQ(came, (std::vector<int>{43, 44}));
}

TEST_F(RoomTest, WhoWaitsTooLongIsToldAndHoldsUpNobody) {
  ask(ada, 43);
  clock.advance(6s);
  timers.ring();
  loop.poll();
  EXPECT_EQ(refused, 1);
  ask(ada);
  held.pop_back();
  loop.poll();
  EXPECT_EQ(came.back(), 44);
  held.clear();
  ask(ada, 42);
  EXPECT_EQ(held.size(), 42U) << "all of it is given back";
}

TEST_F(RoomTest, SmallBoundsAreNotMadeSmaller) {
  Room few{4};
  int taken = 0;
  auto all = [](Room& at, int& count) -> io::Task<void> {
    std::vector<Room::Place> places;
    for (;;) {
      auto place = co_await at.take(std::nullopt, 0s);
      if (!place) co_return;
      places.push_back(std::move(*place));
      ++count;
    }
  };
  scope.spawn("places", all(few, taken));
  loop.poll();
  EXPECT_EQ(taken, 3);
}

}  // namespace
}  // namespace molecule::relay
