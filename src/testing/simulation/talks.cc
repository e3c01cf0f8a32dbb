#include "testing/simulation/talks.h"

#include <algorithm>

#include <fmt/format.h>

namespace molecule::simulation {

using namespace std::chrono_literals;
using net::Attempt;
using net::Direction;

namespace {

constexpr std::size_t head_size = 2;  // The number of the talk.

// No two places of a stream, nor the same place of two, are likely to hold the same bytes.
char byte_at(const Talk& talk, std::size_t which, std::uint64_t at) {
  std::uint64_t mixed = (at + 1) * 0x9e3779b97f4a7c15ULL;
  mixed += static_cast<std::uint64_t>(talk.number * 2) + which;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  return static_cast<char>(mixed >> 56);
}

// All of it; `said` counts what the stream has taken, also when it breaks in the middle.
io::Task<void> write(net::Stream& stream, std::string_view bytes, std::uint64_t& said) {
  io::Context here = co_await io::context();
  while (!bytes.empty()) {
    std::array<std::string_view, 1> pieces{bytes};
    const Attempt attempt = stream.try_write(pieces);
    said += attempt.bytes;
    bytes.remove_prefix(attempt.bytes);
    if (attempt.state == Attempt::State::broken) throw net::connection_lost();
    if (bytes.empty()) break;
    const net::Wake why = co_await stream.wait(Direction::write);
    net::require_ready(why, here);
  }
}

}  // namespace

Talk& Talks::begin(std::array<Part, 2> parts) {
  Talk& talk = all_.emplace_back();
  talk.number = static_cast<int>(all_.size());
  talk.name = fmt::format("t{}", talk.number);
  talk.sides[0].part = parts[0];
  talk.sides[1].part = parts[1];
  return talk;
}

void Talks::complain(std::string what) {
  constexpr std::size_t complaints_max = 20;
  if (complaints_.size() < complaints_max) complaints_.push_back(std::move(what));
}

void Talks::let_go() {
  let_go_ = true;
  going_.notify();
}

io::Task<void> Talks::open(Talk& talk, std::unique_ptr<net::Stream> stream) {
  co_await take_part(talk, 0, std::move(stream));
}

io::Task<void> Talks::accept(std::unique_ptr<net::Stream> stream, std::function<void(Talk&)> came) {
  std::array<char, head_size> head{};
  std::size_t has = 0;
  while (has < head_size) {
    std::size_t more = 0;
    try {
      more = co_await stream->read(std::span(head).subspan(has));
    } catch (const Fault&) {
      co_return;  // Whoever opened it has to account for it.
    }
    if (more == 0) {
      complain("a stream ended before its first bytes");
      co_return;
    }
    has += more;
  }
  const std::size_t number =
      static_cast<std::uint8_t>(head[0]) * 256u + static_cast<std::uint8_t>(head[1]);
  if (number == 0 || number > all_.size()) {
    complain("a stream began with bytes that nobody said");
    co_return;
  }
  Talk& talk = all_[number - 1];
  if (talk.sides[1].begun) complain(talk.name + " came twice");
  came(talk);
  co_await take_part(talk, 1, std::move(stream));
}

io::Task<void> Talks::take_part(Talk& talk, std::size_t which,
                                std::unique_ptr<net::Stream> stream) {
  talk.sides[which].begun = true;
  io::Context here = co_await io::context();
  auto note = [this, &talk, which](std::string_view, std::exception_ptr failure) {
    failed(talk, which, failure);
  };
  {
    io::Scope both(*here.loop, note, here.cancellation);
    both.spawn("say", say(talk, which, *stream));
    both.spawn("hear", hear(talk, which, *stream));
    co_await both.join();
  }
  Talk::Side& side = talk.sides[which];
  side.over = true;
  // Its process ended under it.
  if (here.cancellation && here.cancellation->requested()) side.left = true;
}

void Talks::failed(Talk& talk, std::size_t which, std::exception_ptr failure) {
  Talk::Side& side = talk.sides[which];
  try {
    std::rethrow_exception(failure);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) return;
    side.broken = true;
    if (fault.code() != "connection_lost")
      complain(fmt::format("{} broke with {}: {}", talk.name, fault.code(), fault.text()));
  }
}

io::Task<void> Talks::say(Talk& talk, std::size_t which, net::Stream& stream) {
  Talk::Side& side = talk.sides[which];
  if (which == 0) {
    const std::string head{static_cast<char>(talk.number >> 8), static_cast<char>(talk.number)};
    std::uint64_t uncounted = 0;
    co_await write(stream, head, uncounted);
  }
  std::string bytes;
  while (side.said < side.part.says) {
    const std::uint64_t until = std::min(side.part.says, side.said + side.part.at_once);
    bytes.clear();
    for (std::uint64_t at = side.said; at < until; ++at) bytes += byte_at(talk, which, at);
    co_await write(stream, bytes, side.said);
    if (side.part.pauses > 0ns) co_await io::sleep(side.part.pauses);
  }
  co_await stream.shutdown_write();
  side.said_all = true;
}

io::Task<void> Talks::hear(Talk& talk, std::size_t which, net::Stream& stream) {
  Talk::Side& side = talk.sides[which];
  const Talk::Side& other = talk.sides[1 - which];
  while (side.part.holds_back && !let_go_) co_await going_.wait(1h);
  std::string buffer(side.part.hears_at_once, '\0');
  for (;;) {
    if (side.heard >= side.part.leaves_after) {
      side.left = true;
      stream.close();
      co_return;
    }
    const std::size_t bytes = co_await stream.read(std::span(buffer.data(), buffer.size()));
    if (bytes == 0) break;
    for (std::size_t i = 0; i < bytes; ++i) {
      if (buffer[i] == byte_at(talk, 1 - which, side.heard + i)) continue;
      complain(fmt::format("{}: byte {} of side {} is not what was said", talk.name, side.heard + i,
                           1 - which));
      co_return;
    }
    side.heard += bytes;
    if (side.heard > other.said)
      complain(fmt::format("{}: {} bytes of side {} were heard and {} said", talk.name, side.heard,
                           1 - which, other.said));
    if (side.part.dawdles > 0ns) co_await io::sleep(side.part.dawdles);
  }
  side.heard_end = true;
  if (!other.said_all || side.heard != other.said)
    complain(fmt::format("{}: the end of side {} came after {} of {} bytes", talk.name, 1 - which,
                         side.heard, other.said));
}

void Talks::judge_bounds(std::size_t window) {
  for (const Talk& talk : all_) {
    for (std::size_t which : {0, 1}) {
      const std::uint64_t said = talk.sides[which].said, heard = talk.sides[1 - which].heard;
      if (said > heard + window)
        complain(fmt::format("{}: {} bytes are on their way, and its window is {}", talk.name,
                             said - heard, window));
    }
  }
}

void Talks::judge_over(bool held_back_too) {
  for (const Talk& talk : all_) {
    if (talk.held_back() && !held_back_too) continue;
    for (std::size_t which : {0, 1}) {
      const Talk::Side& side = talk.sides[which];
      if (side.begun && !side.over)
        complain(fmt::format("{}: side {} still waits, with {} of {} bytes said and {} of {} heard",
                             talk.name, which, side.said, side.part.says, side.heard,
                             talk.sides[1 - which].said));
      const bool somebody_left = talk.sides[0].left || talk.sides[1].left;
      if (side.broken && !somebody_left && !talk.may_break[which]())
        complain(
            fmt::format("{}: broke for side {}, and what carried it did not", talk.name, which));
    }
    if (!talk.sides[1].begun && !talk.sides[0].broken && !talk.sides[0].left)
      complain(fmt::format("{} never came to the other side: {} bytes said, {}", talk.name,
                           talk.sides[0].said, talk.sides[0].over ? "over" : "not over"));
  }
}

}  // namespace molecule::simulation
