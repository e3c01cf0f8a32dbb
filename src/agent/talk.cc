#include "agent/talk.h"

#include <algorithm>
#include <array>

#include "platform/json/json.h"
#include "platform/log/log.h"
#include "platform/net/wheel.h"
#include "platform/process/strays.h"

namespace molecule::agent {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t part_max = 64u << 10;
constexpr std::size_t looked_max = 4096;  // Bytes of a line that was skipped,
constexpr std::size_t shown_max = 200;    // and of those that are shown.
constexpr int strays_looks = 200;
constexpr int unsure_looks = 20;        // Nothing takes that long to become another program.
constexpr std::size_t told_max = 1000;  // Bytes of what it last said.

std::unique_ptr<net::Socket> adopted(io::Loop& loop, int descriptor) {
  return descriptor < 0 ? nullptr : net::Socket::adopt(loop, descriptor, "program");
}

process::Program speaking(process::Program program, const std::string& mark) {
  program.talks = program.hears_errors = true;
  program.environment.emplace_back(process::mark_variable, mark);
  return program;
}

}  // namespace

Talk::Talk(io::Loop& loop, process::Program program, std::shared_ptr<const Redactor> redactor)
    : loop_(loop),
      redactor_(std::move(redactor)),
      mark_(process::fresh_mark()),
      child_(speaking(std::move(program), mark_)),
      input_(adopted(loop, child_.take_input())),
      output_(adopted(loop, child_.take_output())),
      error_output_(adopted(loop, child_.take_errors())),
      end_(adopted(loop, child_.take_end())),
      running_(loop, [](std::string_view, std::exception_ptr) {}) {
  running_.spawn("input", write_on());
  running_.spawn("errors", hear_errors());
  running_.spawn("end", watch_end());
}

Talk::~Talk() = default;

void Talk::send(std::string_view line) {
  outgoing_.append(line);
  send_raw("\n");
}

void Talk::send_raw(std::string_view bytes) {
  outgoing_.append(bytes);
  if (outgoing_.size() > waiting_max) child_.kill();
  to_send_.notify();
}

void Talk::end_input() {
  input_over_ = true;
  to_send_.notify();
}

io::Task<void> Talk::write_on() {
  for (;;) {
    if (!outgoing_.empty()) {
      const std::string out = std::exchange(outgoing_, {});
      bool broken = false;
      try {
        co_await input_->write(out);
      } catch (const Fault& fault) {
        if (fault.kind() == Kind::cancelled) throw;
        broken = true;
      }
      if (broken) co_return;
      continue;
    }
    if (input_over_) {
      input_.reset();
      co_return;
    }
    co_await to_send_.wait(1h);
  }
}

io::Task<void> Talk::hear_errors() {
  std::vector<char> part(4096);
  for (;;) {
    const std::size_t got = co_await error_output_->read(part);
    if (got == 0) co_return;
    errors_.append(part.data(), got);
    if (errors_.size() > 2 * tail_max) errors_.erase(0, errors_.size() - tail_max);
  }
}

// What it leaves behind may hold its output open; that is not waited for.
io::Task<void> Talk::watch_end() {
  while (!child_.ended()) {
    if (end_) {
      co_await end_->wait(net::Direction::read);
      if (!child_.ended()) co_await io::sleep(10ms);
    } else {
      co_await io::sleep(20ms);
    }
  }
  gone_ = true;
  output_->set_deadline(net::Direction::read, net::Wheel::now() + linger);
  over_.notify();
}

void Talk::limit(std::chrono::nanoseconds from_now) {
  late_ = false;
  if (gone_) return;
  output_->set_deadline(
      net::Direction::read,
      net::Wheel::now() + std::chrono::duration_cast<net::TimePoint::duration>(from_now));
}

io::Task<bool> Talk::read_more() {
  if (drained_) co_return false;
  io::Context here = co_await io::context();
  std::array<char, part_max / 4> part;
  for (;;) {
    const net::Attempt came = output_->try_read(part);
    if (came.state == net::Attempt::State::moved) {
      read_.append(part.data(), came.bytes);
      co_return true;
    }
    if (came.state != net::Attempt::State::wait) {
      drained_ = true;
      co_return false;
    }
    const net::Wake why = co_await output_->wait(net::Direction::read);
    if (why == net::Wake::deadline) {
      late_ = !gone_;
      drained_ = gone_;
      co_return false;
    }
    net::require_ready(why, here);
  }
}

io::Task<std::optional<std::string>> Talk::some() {
  if (read_.empty()) {
    const bool more = co_await read_more();
    if (!more) co_return std::nullopt;
  }
  looked_ = 0;
  co_return std::exchange(read_, {});
}

io::Task<std::optional<std::string>> Talk::line() {
  for (;;) {
    const std::size_t end = read_.find('\n', looked_);
    if (end == std::string::npos) {
      looked_ = read_.size();
      if (read_.size() > line_max) {
        if (!std::exchange(skipping_, true))
          log::warn("the program printed a line that is too long");
        read_.clear();
        looked_ = 0;
      }
      const bool more = co_await read_more();
      if (more) continue;
      if (!drained_ || read_.empty() || skipping_) co_return std::nullopt;
      read_ += '\n';  // The last line of all has no end.
      continue;
    }
    std::string_view text = std::string_view(read_).substr(0, end);
    if (text.ends_with('\r')) text.remove_suffix(1);
    std::optional<std::string> taken;
    if (!std::exchange(skipping_, false) && !text.empty()) {
      if (text.size() <= line_max && text.starts_with('{')) {
        taken = std::string(text);
      } else {
        log::debug(
            "the program printed what is no message",
            log::field("line", (*redactor_)(text.substr(0, looked_max)).substr(0, shown_max)));
      }
    }
    read_.erase(0, end + 1);
    looked_ = 0;
    if (taken) co_return taken;
  }
}

io::Task<std::optional<int>> Talk::status(std::chrono::milliseconds within) {
  if (!child_.ended()) co_await over_.wait(within);
  co_return child_.ended();
}

std::string Talk::last_said(std::size_t most) const {
  std::string tail = (*redactor_)(errors_);
  while (!tail.empty() && (tail.back() == '\n' || tail.back() == '\r')) tail.pop_back();
  if (tail.size() > most) tail.erase(0, tail.size() - most);
  return tail;
}

std::string Talk::last_line() const {
  const std::string tail = last_said(told_max);
  return json::storable(std::string_view(tail).substr(tail.rfind('\n') + 1), told_max);
}

io::Task<std::string> Talk::last_words() {
  if (!child_.ended()) co_await over_.wait(1s);
  // What was written last may come a moment later.
  co_await io::sleep(20ms);
  const std::string tail = last_said(told_max);
  const auto status = child_.ended();
  const std::string ended = status ? fmt::format("it ended with status {}", *status)
                                   : std::string("it closed its output");
  co_return tail.empty()
      ? ended
      : fmt::format("{} after it had said: {}", ended, json::storable(tail, told_max));
}

io::Task<void> Talk::close(std::chrono::milliseconds patience) {
  end_input();
  if (!child_.ended() && patience > 0ms) co_await over_.wait(patience);
  if (!child_.ended()) {
    child_.terminate();
    if (patience > 0ms) co_await over_.wait(patience);
  }
  child_.kill();
  running_.cancel();
  co_await running_.join();
  // What loses its parent now is left to us in a moment.
  for (int looks = 0; looks < strays_looks; ++looks) {
    // Asked before: those of one that ends after the look are left to us after it.
    const bool ended = child_.ended().has_value();
    const process::Strays found = process::end_strays(mark_);
    if (ended && (found == process::Strays::none ||
                  (found == process::Strays::unsure && looks >= unsure_looks)))
      break;
    co_await io::sleep(5ms);
  }
}

}  // namespace molecule::agent
