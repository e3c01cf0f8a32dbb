#include "server/streams/streams.h"

#include <gtest/gtest.h>

#include "testing/each_database.h"
#include "testing/manual_clock.h"
#include "testing/migrations.h"
#include "wire/a2a/a2a.h"
#include "wire/a2a/stream.h"

namespace molecule::streams {
namespace {

using namespace std::chrono_literals;
using messages::State;

class Streaming : public test::EachDatabase {
 protected:
  void SetUp() override {
    EachDatabase::SetUp();
    db().migrate(test::migrations());
    ledger = std::make_unique<messages::Ledger>(clock, random, mailboxes);
    streams = std::make_unique<Streams>(db(), *ledger, clock);
    ledger->join(*streams);
    workspace = random.id<WorkspaceId>();
  }
  void TearDown() override {
    streams.reset();
    ledger.reset();
    EachDatabase::TearDown();
  }
  struct Under {
    messages::Message message;
    messages::Lease lease;
  };
  Under under_way() {
    const std::string id = random.id<RequestId>().text();
    messages::NewMessage what;
    what.target = workspace;
    what.method = "message/stream";
    what.message_id = id;
    what.key = random.id<RequestId>().bytes();
    what.rpc_id = "1";
    what.body = "{}";
    auto accepted = write([&](sql::Tx& tx) { return ledger->accept(tx, what, State::leased); });
    auto record = read([&](sql::Read& read) { return ledger->find(read, accepted.place.seq); });
    return {record->message, accepted.lease};
  }
  bool end(const Under& under) {
    messages::Outcome outcome;
    outcome.body = RawJson(R"({"result":1})");
    return write([&](sql::Tx& tx) { return ledger->end(tx, under.message, under.lease, outcome); });
  }
  io::Task<void> end_soon(const Under& under) {
    co_await io::sleep(20ms);
    auto change = [&](sql::Tx& tx) {
      return ledger->end(tx, under.message, under.lease, messages::Outcome{});
    };
    co_await db().write(change);
  }
  static std::vector<std::string> numbered(int from, int until) {
    std::vector<std::string> pieces;
    for (int i = from; i <= until; ++i) pieces.push_back(fmt::format(R"({{"result":{}}})", i));
    return pieces;
  }
  struct Heard {
    std::vector<std::int64_t> numbers;
    std::vector<std::string> pieces;
    bool over = false;
    bool gone = false;
  };
  // What a reader hears until nothing is new.
  Heard read_from(std::int64_t message, std::int64_t after) {
    Heard heard;
    Streams::Reader reader(*streams, loop, message, after);
    for (;;) {
      auto part = run(reader.next(1ms, [] { return false; }));
      for (Piece& piece : part.pieces) {
        heard.numbers.push_back(piece.number);
        heard.pieces.push_back(std::move(piece.data));
      }
      heard.over = part.over;
      heard.gone = part.gone;
      if (part.pieces.empty()) return heard;
    }
  }

  test::ManualClock clock;
  test::CountingRandom random;
  messages::Mailboxes mailboxes;
  WorkspaceId workspace;
  std::unique_ptr<messages::Ledger> ledger;
  std::unique_ptr<Streams> streams;
};

TEST_P(Streaming, EveryReaderHearsAllFromWhereItBegins) {
  Under under = under_way();
  const std::int64_t message = under.message.seq;
  EXPECT_TRUE(read_from(message, 0).pieces.empty());
  {
    Streams::Writer writer(*streams, message, under.lease);
    EXPECT_TRUE(run(writer.append(numbered(1, 3))));
    EXPECT_TRUE(run(writer.append(numbered(4, 5))));
    EXPECT_EQ(read_from(message, 0).pieces, numbered(1, 5)) << "from memory";
  }
  for (bool ended : {false, true}) {
    if (ended) EXPECT_TRUE(end(under));
    EXPECT_EQ(read_from(message, 0).pieces, numbered(1, 5)) << "from the store";
    EXPECT_EQ(read_from(message, 3).numbers, (std::vector<std::int64_t>{4, 5}));
    EXPECT_EQ(read_from(message, 5).over, ended);
    EXPECT_TRUE(read_from(message, 9).pieces.empty()) << "beyond its end";
  }
}

TEST_P(Streaming, AWaitingReaderIsWokenByPiecesAndByTheEnd) {
  Under under = under_way();
  Streams::Reader reader(*streams, loop, under.message.seq, 0);
  Streams::Writer writer(*streams, under.message.seq, under.lease);
  auto play = [&]() -> io::Task<void> {
    io::Context here = co_await io::context();
    io::Scope scope(*here.loop, {});
    auto write_later = [](Streams::Writer& to) -> io::Task<void> {
      co_await io::sleep(20ms);
      co_await to.append(numbered(1, 1));
    };
    scope.spawn("writer", write_later(writer));
    auto part = co_await reader.next(1h, [] { return false; });
    EXPECT_EQ(part.pieces.size(), 1u);
    scope.spawn("end", end_soon(under));
    part = co_await reader.next(1h, [] { return false; });
    EXPECT_TRUE(part.over);
    co_await scope.join();
  };
  run(io::within(20s, play()));
}

TEST_P(Streaming, AVoidLeaseKeepsNothingAndTheNextGoesOnBehindTheLast) {
  Under under = under_way();
  const std::int64_t message = under.message.seq;
  Streams::Writer first(*streams, message, under.lease);
  EXPECT_TRUE(run(first.append(numbered(1, 2))));
  messages::Ledger::Returned returned;
  returned.why = "it broke off";
  write([&](sql::Tx& tx) { return ledger->give_back(tx, under.message, under.lease, returned); });
  EXPECT_FALSE(run(first.append(numbered(9, 9)))) << "it was given back";
  clock.advance(1h);
  auto next = mailboxes.next(workspace, clock.monotonic(), 1);
  ASSERT_EQ(next.size(), 1u);
  auto lease = write([&](sql::Tx& tx) { return ledger->lease(tx, workspace, next.front()); });
  ASSERT_TRUE(lease);
  EXPECT_FALSE(run(first.append(numbered(9, 9)))) << "somebody else has it";
  Streams::Writer second(*streams, message, *lease);
  EXPECT_TRUE(run(second.append(numbered(3, 4))));
  EXPECT_EQ(read_from(message, 0).pieces, numbered(1, 4));
  EXPECT_EQ(read([&](sql::Read& read) { return streams->last(read, message); }), numbered(4, 4)[0]);
}

TEST_P(Streaming, AReaderIsGivenNoMoreThanItsBound) {
  Under under = under_way();
  const std::int64_t message = under.message.seq;
  const std::string large = R"({"result":")" + std::string(Streams::recent_max / 2, 'x') + "\"}";
  {
    Streams::Writer writer(*streams, message, under.lease);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(run(writer.append({large})));
  }
  Streams::Reader reader(*streams, loop, message, 0);
  std::size_t heard = 0;
  while (heard < 5) {
    auto part = run(reader.next(1ms, [] { return false; }));
    ASSERT_FALSE(part.pieces.empty());
    EXPECT_LE(part.pieces.size(), 2u);
    heard += part.pieces.size();
  }
}

// A stream with small bounds, whose pieces have a hundred bytes each.
class Pacing : public Streaming {
 protected:
  void SetUp() override {
    Streaming::SetUp();
    bounded = std::make_unique<Streams>(db(), *ledger, clock, Streams::Bounds{1000, 60s});
    ledger->join(*bounded);
    under = under_way();
    writer.emplace(*bounded, under.message.seq, under.lease);
  }
  void TearDown() override {
    writer.reset();
    bounded.reset();
    Streaming::TearDown();
  }
  void write_on(int pieces) {
    const std::string piece = R"({"result":")" + std::string(87, 'x') + "\"}";
    ASSERT_TRUE(run(writer->append(std::vector(static_cast<std::size_t>(pieces), piece))));
  }
  bool has_room() {
    bool room = true;
    auto ask = [&]() -> io::Task<void> {
      try {
        auto waiting = writer->room();
        co_await io::within(30ms, std::move(waiting));
      } catch (const Fault&) {
        room = false;  // The wait was over first.
      }
    };
    run(ask());
    return room;
  }
  std::unique_ptr<Streams::Reader> reader_at(std::int64_t after) {
    return std::make_unique<Streams::Reader>(*bounded, loop, under.message.seq, after);
  }
  void read_on(Streams::Reader& reader) {
    while (!run(reader.next(1ms, [] { return false; })).pieces.empty()) {}
  }

  std::unique_ptr<Streams> bounded;
  Under under;
  std::optional<Streams::Writer> writer;
};

TEST_P(Pacing, WhatNobodyReadsIsNotHeldUp) {
  write_on(40);
  EXPECT_TRUE(has_room());
}

TEST_P(Pacing, TheForemostReaderSaysHowFastItGoes) {
  auto slow = reader_at(0), fast = reader_at(0);
  write_on(9);
  EXPECT_TRUE(has_room());
  write_on(9);
  EXPECT_FALSE(has_room()) << "both are more than the window behind";
  read_on(*fast);
  EXPECT_TRUE(has_room());
  write_on(40);
  EXPECT_FALSE(has_room());
  read_on(*slow);
  EXPECT_TRUE(has_room()) << "now the other one is ahead";
  write_on(40);
  slow.reset();
  EXPECT_FALSE(has_room()) << "one is left, and far behind";
  auto late = reader_at(90);
  EXPECT_TRUE(has_room()) << "who comes back near the end is ahead";
  late.reset();
  fast.reset();
  EXPECT_TRUE(has_room()) << "nobody reads any more";
}

TEST_P(Pacing, AWaitingWriterIsWoken) {
  auto moves = [&](auto way) {
    auto reader = reader_at(0);
    write_on(20);
    EXPECT_FALSE(has_room());
    auto play = [&]() -> io::Task<void> {
      io::Context here = co_await io::context();
      io::Scope scope(*here.loop, {});
      auto soon = [](auto& how, auto& who) -> io::Task<void> {
        co_await io::sleep(20ms);
        auto done = how(who);
        co_await done;
      };
      scope.spawn("soon", soon(way, reader));
      auto waiting = writer->room();
      co_await io::within(10s, std::move(waiting));
      co_await scope.join();
    };
    run(play());
  };
  moves([](auto& reader) -> io::Task<void> {
    for (bool more = true; more;) {
      auto part = co_await reader->next(1ms, [] { return false; });
      more = !part.pieces.empty();
    }
  });
  moves([](auto& reader) -> io::Task<void> {
    reader.reset();
    co_return;
  });
  moves([&](auto&) { return end_soon(under); });
}

TEST_P(Pacing, WhoTakesNothingForLongIsWaitedForNoLonger) {
  auto stuck = reader_at(0);
  write_on(40);
  EXPECT_FALSE(has_room());
  clock.advance(61s);
  EXPECT_TRUE(has_room());
  write_on(40);
  EXPECT_TRUE(has_room());
  read_on(*stuck);
  write_on(40);
  EXPECT_FALSE(has_room()) << "it reads again";
}

TEST_P(Streaming, WhatEndedLongAgoIsGoneButForItsLastPiece) {
  Under under = under_way(), open = under_way(), young = under_way();
  const std::int64_t message = under.message.seq;
  for (const Under* each : {&under, &open, &young}) {
    Streams::Writer writer(*streams, each->message.seq, each->lease);
    EXPECT_TRUE(run(writer.append(numbered(1, 10))));
  }
  EXPECT_TRUE(end(under));
  clock.advance(2h);
  EXPECT_TRUE(end(young));
  run(streams->prune(1h));
  EXPECT_EQ(read_from(open.message.seq, 0).pieces.size(), 10u);
  EXPECT_EQ(read_from(young.message.seq, 0).pieces.size(), 10u);
  Heard early = read_from(message, 3);
  EXPECT_TRUE(early.gone && early.over && early.pieces.empty());
  EXPECT_EQ(read_from(message, 9).pieces, numbered(10, 10)) << "it misses nothing";
  EXPECT_TRUE(read_from(message, 10).over);
  EXPECT_EQ(read([&](sql::Read& read) { return streams->newest(read, message); }), 10);
}

std::vector<std::string> story(int words) {
  std::vector<std::string> pieces;
  for (int i = 0; i < words; ++i)
    pieces.push_back(fmt::format(
        R"({{"result":{{"kind":"artifact-update","taskId":"t","contextId":"c","append":true,"artifact":{{"artifactId":"a","parts":[{{"kind":"text","text":"word {} "}}]}}}}}})",
        i));
  pieces.push_back(
      R"({"result":{"kind":"status-update","taskId":"t","contextId":"c","final":true,"status":{"state":"completed"}}})");
  return pieces;
}

TEST_P(Streaming, AnAnswerThatIsKeptInPiecesIsReadWholeForAsLongAsItsMessageIsKept) {
  Under under = under_way();
  const std::int64_t message = under.message.seq;
  const auto pieces = story(600);
  messages::Outcome outcome;
  {
    // What an earlier delivery brought is not of the answer.
    Streams::Writer before(*streams, message, under.lease);
    EXPECT_TRUE(run(before.append(numbered(1, 3))));
    write([&](sql::Tx& tx) {
      messages::Ledger::Returned back;
      ledger->give_back(tx, under.message, under.lease, back);
      under.lease = *ledger->lease(tx, workspace, {message, under.lease.epoch + 1});
      return 0;
    });
    Streams::Writer writer(*streams, message, under.lease);
    EXPECT_TRUE(run(writer.append(pieces)));
    EXPECT_EQ(writer.first(), 4);
    EXPECT_EQ(writer.written(), 604);
    a2a::Stream some(1000);
    for (const std::string& piece : pieces) some.take(piece);
    ASSERT_TRUE(some.is_cut());
    outcome.body = RawJson(Streams::beginning(a2a::read_answer(some.answer(), "1").body,
                                              writer.first(), writer.written()));
    outcome.beside = writer.bytes();
  }
  EXPECT_TRUE(
      write([&](sql::Tx& tx) { return ledger->end(tx, under.message, under.lease, outcome); }));
  a2a::Stream all;
  for (const std::string& piece : pieces) all.take(piece);
  const std::string whole = a2a::read_answer(all.answer(), "1").body;
  for (bool late : {false, true}) {
    if (late) {
      clock.advance(48h);
      run(streams->prune(1h));
    }
    auto stored = read([&](sql::Read& read) { return ledger->find(read, message); });
    EXPECT_TRUE(messages::is_beginning(stored->outcome->body.text));
    EXPECT_LT(stored->outcome->body.text.size(), 3000u);
    auto found = read([&](sql::Read& read) { return ledger->find_whole(read, message); });
    EXPECT_EQ(found->outcome->body.text, whole);
    EXPECT_EQ(read_from(message, 0).pieces.size(), 604u);
  }
  // Without them its beginning is told as an answer of its own.
  write([&](sql::Tx& tx) {
    streams->erased(tx, message);
    return 0;
  });
  auto left = read([&](sql::Read& read) { return ledger->find_whole(read, message); });
  const std::string& body = left->outcome->body.text;
  EXPECT_TRUE(body.starts_with(R"({"jsonrpc":"2.0")")) << body;
  EXPECT_TRUE(a2a::read_answer(body, "1").text.starts_with("word 0 word 1 "));
}

TEST_P(Streaming, PiecesGoWithTheirMessages) {
  Under old = under_way(), purged = under_way(), open = under_way();
  for (const Under* each : {&old, &purged, &open}) {
    Streams::Writer writer(*streams, each->message.seq, each->lease);
    EXPECT_TRUE(run(writer.append(numbered(1, 2))));
  }
  EXPECT_TRUE(end(old));
  clock.advance(24h);
  const std::int64_t until = open.message.seq;
  write([&](sql::Tx& tx) {
    ledger->erase(tx, workspace, purged.message.seq);
    ledger->prune(tx, 0, until, clock.now() - 1h);
    return 0;
  });
  auto newest = [&](const Under& each) {
    return read([&](sql::Read& read) { return streams->newest(read, each.message.seq); });
  };
  EXPECT_EQ(newest(old), 0);
  EXPECT_EQ(newest(purged), 0);
  EXPECT_EQ(newest(open), 2) << "it is open";
}

TEST_P(Streaming, EveryStatementPrepares) {
  auto check = [&](const auto& query) { db().check_prepares(query.name, query.text); };
  check(store::begin);
  check(store::insert);
  check(store::newest);
  check(store::last);
  check(store::after);
  check(store::ended);
  check(store::oldest);
  check(store::erase_before);
  check(store::erase_orphans);
  check(store::erase_orphaned);
  check(store::erase);
  check(store::erase_pieces);
}

EACH_DATABASE(Streaming);
EACH_DATABASE(Pacing);

}  // namespace
}  // namespace molecule::streams
