#include "server/messages/mailboxes.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "testing/manual_clock.h"

namespace molecule::messages {
namespace {

using namespace std::chrono_literals;

class MailboxesTest : public ::testing::Test {
 protected:
  void wait_for(std::int64_t seq, const std::optional<WorkspaceId>& source) {
    Open open;
    open.target = target;
    open.source = source;
    boxes.put(seq, open);
  }
  // As the ledger does it.
  void lease(std::int64_t seq) {
    boxes.change(target, seq, [](Open& open) {
      open.state = State::leased;
      open.waited = true;
      ++open.epoch;
    });
  }
  void come_back(std::int64_t seq, const std::optional<WorkspaceId>& source,
                 std::chrono::nanoseconds not_before) {
    boxes.halt(target, source);
    boxes.change(target, seq, [&](Open& open) {
      open.state = State::open;
      open.waited = false;
      open.not_before = not_before;
    });
  }
  std::vector<std::int64_t> next(std::size_t max) {
    std::vector<std::int64_t> seqs;
    for (const auto& each : boxes.next(target, clock.monotonic(), max)) seqs.push_back(each.seq);
    return seqs;
  }

  test::ManualClock clock;
  test::CountingRandom random;
  WorkspaceId target = random.id<WorkspaceId>();
  WorkspaceId one = random.id<WorkspaceId>();
  WorkspaceId two = random.id<WorkspaceId>();
  Mailboxes boxes;
};

using Seqs = std::vector<std::int64_t>;

TEST_F(MailboxesTest, EachSenderHasALineOfItsOwn) {
  wait_for(1, one);
  wait_for(2, two);
  wait_for(3, one);
  wait_for(4, std::nullopt);
  EXPECT_EQ(next(16), (Seqs{1, 2, 4}));
  EXPECT_EQ(next(2), (Seqs{1, 2}));
  EXPECT_FALSE(boxes.may_pass(target, one));
  EXPECT_FALSE(boxes.may_pass(target, std::nullopt));
  lease(4);
  boxes.take_out(target, 4, true);
  EXPECT_TRUE(boxes.may_pass(target, std::nullopt));
  EXPECT_FALSE(boxes.may_pass(target, two));
}

TEST_F(MailboxesTest, WhatComesBackStandsWhereItStood) {
  for (std::int64_t seq : {1, 2, 3, 4}) wait_for(seq, one);
  lease(1);
  EXPECT_EQ(next(16), Seqs{}) << "the first goes alone";
  boxes.take_out(target, 1, true);
  EXPECT_EQ(next(16), (Seqs{2, 3, 4})) << "the others follow it";
  lease(2);
  lease(3);
  come_back(2, one, clock.monotonic() + 2s);
  EXPECT_EQ(next(16), Seqs{});
  clock.advance(2s);
  EXPECT_EQ(next(16), Seqs{2}) << "before the one that went out after it";
  come_back(3, one, clock.monotonic());
  EXPECT_EQ(next(16), Seqs{2});
  EXPECT_EQ(boxes.waiting(target), 3);
  EXPECT_EQ(boxes.under_way(target), 0);
}

TEST_F(MailboxesTest, WhatWasGivenUpLetsNobodyPass) {
  for (std::int64_t seq : {1, 2, 3, 4}) wait_for(seq, one);
  lease(1);
  boxes.take_out(target, 1, true);
  EXPECT_EQ(next(16), (Seqs{2, 3, 4}));
  lease(2);
  boxes.take_out(target, 2, false);
  EXPECT_EQ(next(16), Seqs{3}) << "the next goes alone";
}

TEST_F(MailboxesTest, LeasesThatEndAreFoundAmongThoseUnderWay) {
  for (std::int64_t seq : {1, 2, 3}) wait_for(seq, one);
  lease(2);
  auto held = boxes.ending_before(1h, 10);
  ASSERT_EQ(held.size(), std::size_t{1});
  EXPECT_EQ(held.front().seq, 2);
  boxes.take_out(target, 2, true);
  EXPECT_TRUE(boxes.ending_before(1h, 10).empty());
}

class TurnsTest : public MailboxesTest {
 protected:
  using Turn = Mailboxes::Turn;
  void carry(std::int64_t seq, const std::optional<WorkspaceId>& source) {
    Open open;
    open.target = target;
    open.source = source;
    open.state = State::leased;
    open.epoch = 1;
    boxes.put(seq, open);
  }
  Turn turn(std::int64_t seq, Road road = sent_for_good) {
    return boxes.turn(target, {seq, 1}, road, [this, seq] { called.push_back(seq); });
  }
  void gone(std::int64_t seq, Road road = sent_for_good) { boxes.gone(target, {seq, 1}, road); }

  Seqs called;
};

TEST_F(TurnsTest, EachGoesWhenTheOneBeforeItHasGone) {
  for (std::int64_t seq : {1, 2, 3}) carry(seq, one);
  carry(4, two);
  EXPECT_EQ(turn(3), Turn::later);
  EXPECT_EQ(turn(2), Turn::later);
  EXPECT_EQ(turn(4), Turn::now) << "another sender's";
  EXPECT_EQ(turn(1), Turn::now);
  EXPECT_EQ(called, Seqs{});
  gone(1);
  EXPECT_EQ(called, Seqs{2});
  EXPECT_EQ(turn(2), Turn::now);
  gone(2);
  EXPECT_EQ(called, (Seqs{2, 3}));
  EXPECT_EQ(turn(3), Turn::now) << "though none of them has ended";
  EXPECT_EQ(turn(2), Turn::now) << "as often as it is asked";
}

TEST_F(TurnsTest, AnEndLetsTheNextGo) {
  for (std::int64_t seq : {1, 2}) carry(seq, one);
  EXPECT_EQ(turn(2), Turn::later);
  boxes.take_out(target, 1, false);
  EXPECT_EQ(called, Seqs{2});
  EXPECT_EQ(turn(2), Turn::now);
  boxes.take_out(target, 2, false);
  EXPECT_EQ(turn(2), Turn::over);
}

TEST_F(TurnsTest, WhatIsBehindOneThatCameBackComesBackToo) {
  for (std::int64_t seq : {1, 2, 3}) carry(seq, one);
  EXPECT_EQ(turn(2), Turn::later);
  EXPECT_EQ(turn(3), Turn::later);
  come_back(1, one, clock.monotonic());
  EXPECT_EQ(called, (Seqs{2, 3})) << "all at once";
  EXPECT_EQ(turn(2), Turn::behind);
  EXPECT_EQ(turn(3), Turn::behind);
}

// What went by the road that was before may never have arrived: it comes back, or is answered.
TEST_F(TurnsTest, ANewRoadWaitsForWhatWentByTheOldOne) {
  for (std::int64_t seq : {1, 2, 3}) carry(seq, one);
  gone(1, 7);
  EXPECT_EQ(turn(2, 7), Turn::now) << "the same keeps the order";
  EXPECT_EQ(turn(2, 8), Turn::later);
  boxes.take_out(target, 1, true);
  EXPECT_EQ(called, Seqs{2});
  EXPECT_EQ(turn(2, 8), Turn::now);
}

TEST_F(TurnsTest, ReadingBackForgetsNeitherWhoHasGoneNorWhoWaits) {
  for (std::int64_t seq : {1, 2, 3}) carry(seq, one);
  gone(1);
  EXPECT_EQ(turn(3), Turn::later);
  std::vector<std::pair<std::int64_t, Open>> all;
  for (auto [seq, open] : boxes.all()) {
    open.out.reset();
    open.waited = true;
    all.emplace_back(seq, open);
  }
  boxes.replace(all);
  EXPECT_EQ(called, Seqs{3});
  EXPECT_EQ(turn(3), Turn::later);
  EXPECT_EQ(turn(2), Turn::now);
}

// A hundred thousand messages of one sender wait, another writes as many, and then all go out: each
// step costs the same however many wait. Looking at every waiting message for every step would be
// thirty thousand million looks, which take minutes.
TEST_F(MailboxesTest, AHundredThousandWaitingMessagesCostNoOtherSenderAnything) {
  constexpr std::int64_t many = 100'000;
  const io::SystemClock real;
  const auto began = real.monotonic();
  for (std::int64_t seq = 1; seq <= many; ++seq) wait_for(seq, one);
  // It came back and waits for its time: the line behind it waits, too.
  lease(1);
  come_back(1, one, clock.monotonic() + 24h);
  std::int64_t passed = 0, others = many;
  for (std::int64_t i = 0; i < many; ++i) {
    passed += boxes.may_pass(target, two) ? 1 : 0;
    passed += boxes.may_pass(target, one) ? 1 : 0;
  }
  EXPECT_EQ(passed, many);
  for (std::int64_t i = 0; i < many; ++i) {
    wait_for(++others, two);
    ASSERT_EQ(next(16), Seqs{others});
    lease(others);
    ASSERT_TRUE(boxes.ending_before(0ns, 16).empty());
    boxes.take_out(target, others, true);
  }
  clock.advance(24h);
  Seqs gone;
  for (Seqs due = next(16); !due.empty(); due = next(16)) {
    for (std::int64_t seq : due) {
      lease(seq);
      boxes.take_out(target, seq, true);
      gone.push_back(seq);
    }
  }
  EXPECT_EQ(gone.size(), static_cast<std::size_t>(many));
  EXPECT_TRUE(std::ranges::is_sorted(gone));
  EXPECT_EQ(boxes.size(), std::size_t{0});
  EXPECT_LT(real.monotonic() - began, 20s);
}

}  // namespace
}  // namespace molecule::messages
