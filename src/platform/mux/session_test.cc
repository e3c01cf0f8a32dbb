#include "platform/mux/session.h"

#include <array>
#include <deque>
#include <random>

#include <gmock/gmock.h>

#include "platform/io/scope.h"
#include "platform/mux/frames.h"

namespace molecule::mux {
namespace {

using namespace std::chrono_literals;
using net::Direction;

// Two sessions and what carries between them, which loses what is on its way when it breaks.
class MuxSession : public ::testing::Test {
 public:
  MuxSession() : scope_(loop_, [](std::string_view name, std::exception_ptr) { FAIL() << name; }) {}

  void make(Bounds bounds = {}) {
    platform_ = std::make_unique<Session>(loop_, Side::platform, "agent", true, nullptr, bounds);
    agent_ = std::make_unique<Session>(
        loop_, Side::agent, "platform", true,
        [this](std::unique_ptr<net::Stream> stream) { opened_.push_back(std::move(stream)); },
        bounds);
  }
  // One transport from its beginning to its break after `messages` in both directions together.
  void connect(int messages = 1 << 30) {
    const std::uint64_t at_platform = platform_->received();
    const std::uint64_t at_agent = agent_->received();
    auto to_agent = platform_->attach(at_agent);
    auto to_platform = agent_->attach(at_platform);
    ASSERT_TRUE(to_agent && to_platform);
    left_ = messages;
    carrying_ = {*to_agent, *to_platform};
    scope_.spawn("to agent", carry(*platform_, *to_agent, *agent_, *to_platform));
    scope_.spawn("to platform", carry(*agent_, *to_platform, *platform_, *to_agent));
  }
  void disconnect() {
    platform_->detach(carrying_.first);
    agent_->detach(carrying_.second);
  }
  io::Task<void> carry(Session& from, Session::Transport out, Session& to, Session::Transport in) {
    for (;;) {
      const std::string message = co_await from.outgoing(out);
      if (message.empty()) co_return;
      if (--left_ < 0) break;
      if (!to.incoming(in, message)) co_return;
      co_await io::yield();
    }
    disconnect();
  }

  template <class T>
  T run(io::Task<T> work) {
    auto ending = [](MuxSession& self, io::Task<T> inner) -> io::Task<T> {
      if constexpr (std::is_void_v<T>) {
        co_await io::within(20s, std::move(inner));
        co_await self.over();
      } else {
        T result = co_await io::within(20s, std::move(inner));
        co_await self.over();
        co_return result;
      }
    };
    return io::run(loop_, ending(*this, std::move(work)));
  }
  io::Task<void> over() {
    platform_->end();
    agent_->end();
    opened_.clear();
    co_await scope_.drain(1s);
  }
  io::Task<void> settled() {
    for (int i = 0; i < 200; ++i) co_await io::yield();
  }
  io::Task<net::Stream*> opened(std::size_t at) {
    while (opened_.size() <= at) co_await io::sleep(1ms);
    co_return opened_[at].get();
  }

  io::Loop loop_;
  io::Scope scope_;
  std::unique_ptr<Session> platform_;
  std::unique_ptr<Session> agent_;
  std::vector<std::unique_ptr<net::Stream>> opened_;
  std::pair<Session::Transport, Session::Transport> carrying_;
  int left_ = 0;
};

io::Task<std::string> read_all(net::Stream& stream) {
  std::string text;
  std::array<char, 5000> part;
  for (;;) {
    const std::size_t bytes = co_await stream.read(part);
    if (bytes == 0) co_return text;
    text.append(part.data(), bytes);
  }
}

io::Task<void> write_all(net::Stream& stream, std::string text) {
  co_await stream.write(text);
  co_await stream.shutdown_write();
}

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string text(size, '\0');
  for (char& each : text) each = static_cast<char>(random());
  return text;
}

TEST_F(MuxSession, CarriesBytesBothWaysToTheirEnds) {
  make();
  connect();
  auto talk = [](MuxSession& self) -> io::Task<std::string> {
    auto mine = self.platform_->open();
    co_await write_all(*mine, "hello");
    net::Stream* theirs = co_await self.opened(0);
    std::string heard = co_await read_all(*theirs);
    co_await write_all(*theirs, heard + ", too");
    co_return co_await read_all(*mine);
  };
  EXPECT_EQ(run(talk(*this)), "hello, too");
}

// The seed of how the connection breaks.
class MuxBreaks : public MuxSession, public ::testing::WithParamInterface<unsigned> {
 public:
  io::Task<void> break_often(bool& over) {
    std::mt19937 random(GetParam());
    while (!over) {
      connect(static_cast<int>(random() % 40));
      while (!over && platform_->attached()) co_await io::sleep(100us);
      for (unsigned turns = random() % 30; turns > 0; --turns) co_await io::yield();
    }
  }
  io::Task<void> echo(std::size_t at) {
    net::Stream* stream = co_await opened(at);
    std::string heard = co_await read_all(*stream);
    co_await write_all(*stream, std::move(heard));
  }
  io::Task<void> talk(std::string said) {
    auto stream = platform_->open();
    co_await write_all(*stream, said);
    const std::string heard = co_await read_all(*stream);
    EXPECT_TRUE(heard == said) << said.size() << " bytes, and " << heard.size() << " came back";
  }
};

TEST_P(MuxBreaks, LoseAndRepeatNothing) {
  make({.window = 20'000, .kept_max = 50'000});
  auto whole = [](MuxBreaks& self) -> io::Task<void> {
    bool over = false;
    io::Scope talking(self.loop_, {});
    for (unsigned i = 0; i < 4; ++i) {
      talking.spawn("talk", self.talk(noise(30'000 * i + 1, self.GetParam() + i)));
      talking.spawn("echo", self.echo(i));
    }
    io::Scope breaking(self.loop_, {});
    breaking.spawn("break", self.break_often(over));
    co_await talking.join();
    over = true;
    co_await breaking.join();
    self.disconnect();
  };
  run(whole(*this));
}
INSTANTIATE_TEST_SUITE_P(Seeds, MuxBreaks, ::testing::Range(1u, 41u));

TEST_F(MuxSession, AStreamThatNobodyReadsHoldsItsWindowAndNoOtherStream) {
  make({.window = 10'000});
  connect();
  auto talk = [](MuxSession& self) -> io::Task<std::string> {
    auto slow = self.platform_->open();
    const std::string much(100'000, 'x');
    std::array<std::string_view, 1> pieces{much};
    std::size_t moved = slow->try_write(pieces).bytes;
    co_await self.settled();
    moved += slow->try_write(pieces).bytes;
    EXPECT_EQ(moved, 10'000u);
    auto quick = self.platform_->open();
    co_await write_all(*quick, "past");
    net::Stream* theirs = co_await self.opened(1);
    std::string heard = co_await read_all(*theirs);
    // Once it is read, as much goes on.
    std::array<char, 4096> part;
    std::size_t read = co_await self.opened_[0]->read(part);
    EXPECT_EQ(read, 4096u);
    co_await self.settled();
    EXPECT_EQ(slow->try_write(pieces).bytes, 4096u);
    co_return heard;
  };
  EXPECT_EQ(run(talk(*this)), "past");
}

TEST_F(MuxSession, WhatWasResetCountsAsLongAsSomebodyIsAtIt) {
  make({.opened_max = 2});
  connect();
  auto talk = [](MuxSession& self) -> io::Task<void> {
    for (int i = 0; i < 5; ++i) {
      self.platform_->open().reset();
      co_await self.settled();
    }
    EXPECT_EQ(self.opened_.size(), 2u) << "more were served than may be";
    self.opened_.clear();
    auto again = self.platform_->open();
    co_await self.settled();
    EXPECT_EQ(self.opened_.size(), 1u);
  };
  run(talk(*this));
}

TEST_F(MuxSession, KeepsNoMoreThanItsBoundWhileNobodyAcknowledges) {
  make({.kept_max = 30'000});
  auto fill = [](MuxSession& self) -> io::Task<std::size_t> {
    auto stream = self.platform_->open();
    const std::string much(100'000, 'x');
    std::array<std::string_view, 1> pieces{much};
    std::size_t moved = stream->try_write(pieces).bytes;
    EXPECT_GE(self.platform_->bytes_kept(), moved);
    EXPECT_LT(self.platform_->bytes_kept(), 30'100u);
    self.connect();
    net::Wake why = co_await stream->wait(Direction::write);
    EXPECT_EQ(why, net::Wake::ready);
    co_return moved;
  };
  const std::size_t moved = run(fill(*this));
  EXPECT_LE(moved, 30'000u);
  EXPECT_GT(moved, 29'800u);
}

// Words of a few bytes, many streams of them, while the connection is away: they wait, and are no
// fault of the other side when it comes back.
TEST_F(MuxSession, ManySmallPiecesWaitLikeFewLargeOnes) {
  make();
  auto talk = [](MuxSession& self) -> io::Task<void> {
    std::array<std::string_view, 1> word{"x"};
    std::size_t said = 0;
    std::vector<std::unique_ptr<net::Stream>> streams;
    for (int i = 0; i < 8; ++i) {
      streams.push_back(self.platform_->open());
      while (streams.back()->try_write(word).state == net::Attempt::State::moved) ++said;
    }
    EXPECT_LT(self.platform_->bytes_kept(), Bounds{}.kept_max + 100);
    for (auto& stream : streams) co_await stream->shutdown_write();
    self.connect();
    std::size_t heard = 0;
    for (std::size_t i = 0; i < streams.size(); ++i) {
      net::Stream* theirs = co_await self.opened(i);
      heard += (co_await read_all(*theirs)).size();
    }
    EXPECT_EQ(heard, said);
    EXPECT_FALSE(self.platform_->ended());
  };
  run(talk(*this));
}

TEST_F(MuxSession, BreaksItsStreamsWhenItEndsAndSaysWhy) {
  make();
  connect();
  auto talk = [](MuxSession& self) -> io::Task<std::string> {
    auto mine = self.platform_->open();
    net::Stream* theirs = co_await self.opened(0);
    self.platform_->end("replaced by another connection");
    std::array<char, 10> part;
    std::string code;
    try {
      co_await theirs->read(part);
    } catch (const Fault& fault) {
      code = fault.code();
    }
    EXPECT_EQ(code, "connection_lost");
    EXPECT_THROW(self.agent_->open(), Fault);
    co_return self.agent_->goodbye().value_or("");
  };
  EXPECT_EQ(run(talk(*this)), "replaced by another connection");
}

TEST_F(MuxSession, AStreamThatIsDroppedIsBrokenForTheOtherSideAndIsForgotten) {
  make();
  connect();
  auto talk = [](MuxSession& self) -> io::Task<void> {
    auto mine = self.platform_->open();
    net::Stream* theirs = co_await self.opened(0);
    mine.reset();
    std::array<char, 10> part;
    EXPECT_THROW(co_await theirs->read(part), Fault);
    self.opened_.clear();
    co_await self.settled();
    EXPECT_EQ(self.platform_->streams() + self.agent_->streams(), 0u);
  };
  run(talk(*this));
}

TEST_F(MuxSession, WhatCameBeforeAStreamWasDroppedCanBeRead) {
  make();
  connect();
  auto talk = [](MuxSession& self) -> io::Task<std::string> {
    auto mine = self.platform_->open();
    co_await mine->write(std::string_view("a question that nobody reads"));
    net::Stream* theirs = co_await self.opened(0);
    co_await write_all(*theirs, "not now");
    self.opened_.clear();
    co_await self.settled();
    const std::string heard = co_await read_all(*mine);
    std::array<std::string_view, 1> more{"more"};
    EXPECT_EQ(mine->try_write(more).state, net::Attempt::State::broken);
    co_return heard;
  };
  EXPECT_EQ(run(talk(*this)), "not now");
}

TEST_F(MuxSession, RefusesMoreStreamsThanItsBound) {
  make({.opened_max = 2});
  connect();
  auto talk = [](MuxSession& self) -> io::Task<void> {
    std::vector<std::unique_ptr<net::Stream>> mine;
    for (int i = 0; i < 3; ++i) mine.push_back(self.platform_->open());
    std::array<char, 10> part;
    EXPECT_THROW(co_await mine[2]->read(part), Fault);
    EXPECT_EQ(self.opened_.size(), 2u);
  };
  run(talk(*this));
}

TEST_F(MuxSession, WaitsEndWithTheirDeadline) {
  make();
  connect();
  auto talk = [](MuxSession& self) -> io::Task<net::Wake> {
    auto mine = self.platform_->open();
    mine->set_deadline(std::chrono::steady_clock::now() + 50ms);
    co_return co_await mine->wait(Direction::read);
  };
  EXPECT_EQ(run(talk(*this)), net::Wake::deadline);
}

TEST_F(MuxSession, EndsWhenWhatTheOtherSideLacksIsNotKept) {
  make();
  connect();
  auto talk = [](MuxSession& self) -> io::Task<void> {
    auto mine = self.platform_->open();
    co_await mine->write(std::string_view("something"));
    net::Stream* theirs = co_await self.opened(0);
    std::array<char, 10> part;
    co_await theirs->read(part);
    co_await io::sleep(300ms);  // Acknowledged.
    EXPECT_FALSE(self.platform_->attach(0));
    EXPECT_FALSE(self.platform_->attach(1'000));
    EXPECT_TRUE(self.platform_->attach(self.agent_->received()));
  };
  run(talk(*this));
}

// What a peer may not do, each as one message.
TEST_F(MuxSession, RefusesWhatBreaksTheRules) {
  make({.window = 1000});
  auto frame = [](Type type, std::uint32_t stream, std::string_view payload = {}) {
    std::string out;
    append_frame(out, type, stream, payload);
    return out;
  };
  const std::string open = frame(Type::open, 2);
  const std::vector<std::string> wrong{
      "x",
      frame(Type::open, 2).substr(0, 8),
      frame(Type::data, 2, "abc").substr(0, 11),
      frame(static_cast<Type>(9), 2),
      frame(Type::open, 1),
      frame(Type::open, 0),
      frame(Type::open, 2, "payload"),
      open + open,
      frame(Type::open, 4) + open,
      open + frame(Type::data, 2),
      open + frame(Type::data, 2, std::string(1001, 'x')),
      open + frame(Type::end, 2) + frame(Type::data, 2, "more"),
      open + frame(Type::credit, 2, number_payload(std::uint32_t{0xffffffff})),
      open + frame(Type::credit, 2, "abc"),
      frame(Type::acknowledged, 0, number_payload(std::uint64_t{1})),
      frame(Type::acknowledged, 2, number_payload(std::uint64_t{0})),
  };
  for (const std::string& message : wrong) {
    opened_.clear();
    agent_ = std::make_unique<Session>(
        loop_, Side::agent, "platform", true,
        [this](std::unique_ptr<net::Stream> stream) { opened_.push_back(std::move(stream)); },
        Bounds{.window = 1000});
    auto transport = agent_->attach(0);
    EXPECT_THROW(agent_->incoming(*transport, message), Fault) << message.size();
  }
  run(over());
}

}  // namespace
}  // namespace molecule::mux
