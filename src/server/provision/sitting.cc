#include "server/provision/sitting.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/fault.h"
#include "platform/json/json.h"

namespace molecule::provision {
namespace {

using namespace std::chrono_literals;
using Frame = sandbox::LinkFrame;
using Opcode = http::Frame::Opcode;

constexpr std::int64_t size_max = 1000;  // Columns, and rows.
constexpr std::size_t read_max = 16u << 10;
constexpr auto look_again = 30s;
// Who sits there is granted as much input as may wait, less what one message may be over.
constexpr std::size_t input_spare = 64u << 10;

// Ends the others when one of them ends, however it does.
struct EndsAll {
  io::Scope& scope;
  ~EndsAll() { scope.cancel(); }
};

std::string text_of(const api::TerminalWord& word) {
  return http::encode_frame(Opcode::text, json::text(word));
}

std::int64_t within_size(std::optional<std::int64_t> wanted, std::int64_t otherwise) {
  const std::int64_t size = wanted.value_or(otherwise);
  if (size < 1 || size > size_max)
    throw bad_request("bad_query", fmt::format("cols and rows are from 1 to {}", size_max));
  return size;
}

}  // namespace

std::optional<api::TerminalWord> word_of(std::string_view text) {
  if (!text.starts_with('{')) return std::nullopt;
  try {
    auto word = json::read<api::TerminalWord>(text);
    constexpr std::array known{"start", "resize", "taken", "end"};
    if (std::ranges::find(known, word.type) != known.end()) return word;
  } catch (const Fault&) {
    return std::nullopt;
  }
  return std::nullopt;
}

sandbox::Size size_of(std::optional<std::int64_t> columns, std::optional<std::int64_t> rows) {
  return {within_size(columns, 80), within_size(rows, 24)};
}

void Sitting::take_input(std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), sandbox::link_piece))) {
    const std::string_view piece = bytes.substr(0, sandbox::link_piece);
    sandbox::append_frame(typed_, Frame::Kind::input, piece);
    waiting_ += piece.size();
  }
}

void Sitting::take_word(const api::TerminalWord& word) {
  if (word.type == "resize") {
    const auto within = [](std::int64_t size) {
      return std::clamp<std::int64_t>(size, 1, size_max);
    };
    const sandbox::Size size{within(word.cols.value_or(80)), within(word.rows.value_or(24))};
    sandbox::append_frame(typed_, Frame::Kind::size, json::text(size));
  } else if (word.type == "end") {
    sandbox::append_frame(typed_, Frame::Kind::input_end, {});
  } else if (word.type == "taken") {
    const auto bytes =
        static_cast<std::uint64_t>(std::max<std::int64_t>(word.bytes.value_or(0), 0));
    taken_ = std::clamp(bytes, taken_, shown_);
    taken_more_.notify();
  }
}

io::Task<void> Sitting::hear(io::Scope& scope) {
  EndsAll all{scope};
  for (;;) {
    const auto frame = co_await parts_.socket.receive();
    if (!frame) break;
    stirred_ = parts_.clock.monotonic();
    const auto word = frame->opcode == Opcode::text ? word_of(frame->payload) : std::nullopt;
    if (word) {
      take_word(*word);
    } else {
      take_input(frame->payload);
    }
    // Words wait with the input, and are no way to have more of it wait.
    if (waiting_ > parts_.bounds.typed_max || typed_.size() > 2 * parts_.bounds.typed_max) {
      end_for("more was typed than the program reads");
      co_return;
    }
    typed_more_.notify();
  }
  outcome_.left = true;
}

io::Task<void> Sitting::type() {
  bool heard = true;
  for (;;) {
    if (typed_.empty()) {
      co_await typed_more_.wait(look_again);
      continue;
    }
    const std::string out = std::exchange(typed_, {});
    const std::size_t bytes = std::exchange(waiting_, 0);
    typed_all_ += bytes;
    if (heard) heard = co_await passed_on(out);
    if (!manner_.told || bytes == 0) continue;
    api::TerminalWord word{"taken"};
    word.bytes = static_cast<std::int64_t>(typed_all_);
    co_await parts_.socket.send_raw(text_of(word));
  }
}

// False when nobody reads it any more. What the program said last is still to be shown then.
io::Task<bool> Sitting::passed_on(std::string_view out) {
  try {
    co_await parts_.link.write(out);
  } catch (const Fault& fault) {
    if (fault.kind() == Kind::cancelled) throw;
    co_return false;
  }
  co_return true;
}

std::string Sitting::frames() {
  std::string out;
  std::size_t used = 0;
  while (const auto frame = sandbox::first_frame(std::string_view(came_).substr(used))) {
    used += sandbox::link_head + frame->bytes.size();
    switch (frame->kind) {
      case Frame::Kind::begun: {
        api::TerminalWord word{"started"};
        word.window = static_cast<std::int64_t>(parts_.bounds.typed_max - input_spare);
        if (manner_.told) out += text_of(word);
        break;
      }
      case Frame::Kind::refused:
        outcome_.refused = true;
        end_for(std::string(frame->bytes));
        over_ = true;
        break;
      case Frame::Kind::output:
      case Frame::Kind::errors: {
        std::string bytes;
        if (!manner_.terminal)
          bytes += frame->kind == Frame::Kind::output ? api::terminal_output : api::terminal_errors;
        bytes += frame->bytes;
        out += http::encode_frame(Opcode::binary, bytes);
        shown_ += frame->bytes.size();
        break;
      }
      case Frame::Kind::finished: {
        const auto finished = json::read<sandbox::Finished>(frame->bytes);
        outcome_.status = finished.status;
        if (!finished.reason.empty()) end_for(finished.reason);
        over_ = true;
        break;
      }
      default: throw internal("an attendant sent what it never says");
    }
  }
  came_.erase(0, used);
  return out;
}

io::Task<void> Sitting::show(io::Scope& scope) {
  EndsAll all{scope};
  std::array<char, read_max> some{};
  while (!over_) {
    const std::size_t got = co_await parts_.link.read(std::span(some));
    if (got == 0) {
      end_for("it was killed");
      co_return;
    }
    stirred_ = parts_.clock.monotonic();
    came_.append(some.data(), got);
    const std::string out = frames();
    if (!out.empty()) co_await parts_.socket.send_raw(out);
    while (manner_.window != 0 && shown_ - taken_ >= manner_.window && !over_)
      co_await taken_more_.wait(look_again);
  }
}

io::Task<void> Sitting::look_at_clock(io::Scope& scope) {
  EndsAll all{scope};
  const TerminalBounds& bounds = parts_.bounds;
  for (;;) {
    const auto now = parts_.clock.monotonic();
    const auto idle_until = stirred_ + bounds.idle;
    const auto until = began_ + bounds.longest;
    if (now >= until) {
      end_for("it was open for as long as a terminal may be");
      co_return;
    }
    if (now >= idle_until) {
      end_for("nothing was typed and nothing said for a long time");
      co_return;
    }
    co_await io::sleep(std::min(idle_until, until) - now);
  }
}

io::Task<Sitting::Outcome> Sitting::run(Terminals::Seat& seat) {
  io::Context here = co_await io::context();
  io::Scope scope(*here.loop, {}, here.cancellation);
  seat.take([&] {
    end_for(seat.left());
    scope.cancel();
  });
  began_ = stirred_ = parts_.clock.monotonic();
  scope.spawn("terminal: what is typed", hear(scope));
  scope.spawn("terminal: to the program", type());
  scope.spawn("terminal: what is said", show(scope));
  scope.spawn("terminal: its time", look_at_clock(scope));
  if (!seat.left().empty()) {
    end_for(seat.left());
    scope.cancel();
  }
  co_await scope.join();
  seat.free();
  co_return outcome_;
}

}  // namespace molecule::provision
