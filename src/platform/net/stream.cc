#include "platform/net/stream.h"

#include <array>
#include <vector>

namespace molecule::net {

bool Stream::Waiting::sleep(std::coroutine_handle<> self, const io::Context& context) noexcept {
  if (context.cancellation && context.cancellation->requested()) {
    why_ = Wake::cancelled;
    return false;
  }
  self_ = self;
  loop_ = context.loop;
  if (!stream_.arm(direction_, *this, &why_)) return false;
  armed_ = true;
  if (context.cancellation) link(*context.cancellation);
  return true;
}

void Stream::Waiting::wake(Wake why) noexcept {
  armed_ = false;
  why_ = why;
  unlink();
  self_.resume();
}

void Stream::Waiting::on_cancel() noexcept {
  if (!armed_) return;
  armed_ = false;
  stream_.disarm(direction_);
  why_ = Wake::cancelled;
  loop_->resume(self_);
}

void require_ready(Wake why, const io::Context& here) {
  switch (why) {
    case Wake::ready: return;
    case Wake::deadline: throw Fault(Kind::deadline, "deadline", "the peer was too slow");
    case Wake::cancelled: throw here.cancellation->fault();
  }
}

io::Task<std::size_t> Stream::read(std::span<char> into) {
  io::Context here = co_await io::context();
  for (;;) {
    Attempt attempt = try_read(into);
    switch (attempt.state) {
      case Attempt::State::moved: co_return attempt.bytes;
      case Attempt::State::end: co_return 0;
      case Attempt::State::broken: throw connection_lost();
      case Attempt::State::wait: break;
    }
    Wake why = co_await wait(Direction::read);
    require_ready(why, here);
  }
}

io::Task<void> Stream::write(std::span<const std::string_view> pieces) {
  // The first attempt nearly always takes everything; only a remainder is copied into a list.
  Attempt first = try_write(pieces);
  if (first.state == Attempt::State::broken || first.state == Attempt::State::end)
    throw connection_lost();
  std::size_t skip = first.bytes;
  std::vector<std::string_view> left;
  for (std::string_view piece : pieces) {
    if (skip >= piece.size()) {
      skip -= piece.size();
      continue;
    }
    left.push_back(piece.substr(skip));
    skip = 0;
  }
  if (left.empty()) co_return;
  io::Context here = co_await io::context();
  std::size_t at = 0;
  while (at < left.size()) {
    Wake why = co_await wait(Direction::write);
    require_ready(why, here);
    Attempt attempt = try_write(std::span(left).subspan(at));
    if (attempt.state == Attempt::State::broken || attempt.state == Attempt::State::end) {
      throw connection_lost();
    }
    std::size_t moved = attempt.bytes;
    while (at < left.size() && moved >= left[at].size()) moved -= left[at++].size();
    if (at < left.size()) left[at].remove_prefix(moved);
  }
}

io::Task<void> Stream::write(std::string_view bytes) {
  std::array<std::string_view, 1> pieces{bytes};
  co_await write(std::span<const std::string_view>(pieces));
}

io::Task<void> Stream::readable() {
  io::Context here = co_await io::context();
  Wake why = co_await wait(Direction::read);
  require_ready(why, here);
}

}  // namespace molecule::net
