#include "server/relay/polled_socket.h"

#include <utility>

namespace molecule::relay {
namespace {

using namespace std::chrono_literals;

constexpr auto close_taken_within = 2s;

Fault broken() {
  return {Kind::conflict, "poll_broken",
          "this relay is carried no more by these requests; begin anew"};
}
Fault gone() { return {Kind::cancelled, "cancelled", "the agent asks no more"}; }

}  // namespace

// As long as somebody asks, the agent is there. A request that breaks off takes with it what it was
// to bring, so nothing can follow.
struct PolledSocket::Asking {
  explicit Asking(PolledSocket& at) : socket(at) { ++socket.asking_; }
  ~Asking() {
    --socket.asking_;
    socket.seen_ = socket.clock_.monotonic();
    if (!answered) socket.end();
  }
  PolledSocket& socket;
  bool answered = false;
};

void PolledSocket::end() {
  over_ = true;
  in_changed_.notify();
  out_changed_.notify();
}

void PolledSocket::check(std::int64_t number, std::int64_t& next) {
  if (over_) throw broken();
  if (number != next) {
    end();
    throw broken();
  }
  ++next;
}

io::Task<std::optional<http::Frame>> PolledSocket::receive() {
  for (;;) {
    if (!in_.empty()) {
      ParcelReader& parcel = in_.front();
      const std::size_t before = parcel.left();
      ParcelMessage message = parcel.next();
      in_bytes_ -= before - parcel.left();
      if (parcel.done()) in_.pop_front();
      in_changed_.notify();
      if (message.kind == ParcelMessage::Kind::close) {
        end();
        co_return std::nullopt;
      }
      const bool text = message.kind == ParcelMessage::Kind::text;
      co_return http::Frame{text ? http::Frame::Opcode::text : http::Frame::Opcode::binary,
                            std::move(message.bytes)};
    }
    if (over_) throw gone();
    const auto quiet = clock_.monotonic() - seen_;
    if (asking_ == 0 && quiet >= silence_max) {
      end();
      throw gone();
    }
    const auto left = asking_ == 0 ? silence_max - quiet : std::chrono::nanoseconds(silence_max);
    co_await in_changed_.wait(left);
  }
}

void PolledSocket::push(ParcelMessage::Kind kind, std::string_view bytes) {
  pack(out_, kind, bytes);
  out_changed_.notify();
}

io::Task<void> PolledSocket::send(http::Frame::Opcode opcode, std::string_view payload) {
  while (!over_ && !closed_here_ && out_.size() >= kept_max)
    co_await out_changed_.wait(silence_max);
  if (over_ || closed_here_) throw gone();
  push(
      opcode == http::Frame::Opcode::text ? ParcelMessage::Kind::text : ParcelMessage::Kind::binary,
      payload);
}

io::Task<void> PolledSocket::send_raw(std::string_view) {
  throw internal("a relay sends no frames of WebSockets");
  co_return;
}

io::Task<void> PolledSocket::close(std::uint16_t code, std::string_view reason) {
  if (over_ || closed_here_) co_return;
  closed_here_ = true;
  push(ParcelMessage::Kind::close, close_bytes(code, reason));
  while (!over_ && !out_.empty()) {
    const bool taken = co_await out_changed_.wait(close_taken_within);
    if (!taken) break;
  }
  end();
}

io::Task<void> PolledSocket::put(std::int64_t number, std::string parcel) {
  Asking asking(*this);
  check(number, next_put_);
  ParcelReader reader(std::move(parcel));
  // They may ask faster than each is answered; then each waits for its turn, and for room.
  while (!over_ && (put_ + 1 != number || in_bytes_ > kept_max))
    co_await in_changed_.wait(silence_max);
  if (over_) throw broken();
  ++put_;
  in_bytes_ += reader.left();
  if (!reader.done()) in_.push_back(std::move(reader));
  in_changed_.notify();
  // Whoever sends faster than it is read waits for its answer.
  while (!over_ && in_bytes_ > kept_max) co_await in_changed_.wait(silence_max);
  if (over_ && !in_.empty()) throw broken();
  asking.answered = true;
}

io::Task<std::string> PolledSocket::take(std::int64_t number) {
  Asking asking(*this);
  check(number, next_take_);
  const auto until = clock_.monotonic() + std::chrono::seconds(parcel_wait_seconds);
  while (!over_ && out_.empty()) {
    const auto left = until - clock_.monotonic();
    if (left <= 0s) break;
    co_await out_changed_.wait(left);
  }
  if (over_ && out_.empty()) throw broken();
  asking.answered = true;
  out_changed_.notify();
  co_return std::exchange(out_, {});
}

}  // namespace molecule::relay
