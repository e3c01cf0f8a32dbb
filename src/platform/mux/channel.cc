#include "platform/mux/channel.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace molecule::mux {

Session::Channel::Channel(io::Loop& loop, std::uint32_t its_number, std::size_t window)
    : number(its_number), credit(window), loop_(loop), window_(window) {}

bool Session::Channel::take(std::string_view bytes) {
  if (unread() + owed_ + bytes.size() > window_) return false;
  came_ += bytes;
  ring(net::Direction::read);
  return true;
}

std::size_t Session::Channel::read(std::span<char> into) {
  const std::size_t bytes = std::min(unread(), into.size());
  std::memcpy(into.data(), came_.data() + read_, bytes);
  read_ += bytes;
  owed_ += bytes;
  // Who waits holds nothing.
  if (read_ == came_.size()) {
    std::string().swap(came_);
    read_ = 0;
  } else if (read_ >= window_ / 2) {
    came_.erase(0, read_);
    read_ = 0;
  }
  return bytes;
}

std::size_t Session::Channel::take_owed() {
  if (peer_ended || broken || gone || owed_ < window_ / 4) return 0;
  return std::exchange(owed_, 0);
}

void Session::Channel::Wait::on_due() noexcept {
  rung = true;
  if (net::Sleeper* waiting = std::exchange(sleeper, nullptr)) waiting->wake(net::Wake::deadline);
}

bool Session::Channel::arm(net::Direction direction, net::Sleeper& sleeper, net::Wake* at_once,
                           bool ready) noexcept {
  Wait& side = sides_[index(direction)];
  if (broken) {
    *at_once = net::Wake::ready;
    return false;
  }
  if (side.rung || side.deadline <= net::Wheel::now()) {
    *at_once = net::Wake::deadline;
    return false;
  }
  side.sleeper = &sleeper;
  // What is there already is told in a later turn, so that one stream does not keep the loop.
  if (ready) ring(direction);
  return true;
}

void Session::Channel::set_deadline(net::Direction direction, net::TimePoint at) noexcept {
  Wait& side = sides_[index(direction)];
  side.deadline = at;
  side.rung = false;
  net::Wheel::of(loop_).set(side, at);
}

void Session::Channel::ring(net::Direction direction) noexcept {
  Wait& side = sides_[index(direction)];
  if (!side.sleeper || std::exchange(side.posted, true)) return;
  loop_.post([self = shared_from_this(), at = index(direction)] {
    Wait& waiting = self->sides_[at];
    waiting.posted = false;
    if (net::Sleeper* sleeper = std::exchange(waiting.sleeper, nullptr))
      sleeper->wake(net::Wake::ready);
  });
}

void Session::Channel::peer_left() noexcept {
  gone = true;
  ring(net::Direction::read);
  ring(net::Direction::write);
}

void Session::Channel::break_off() noexcept {
  broken = true;
  std::string().swap(came_);
  read_ = 0;
  ring(net::Direction::read);
  ring(net::Direction::write);
}

}  // namespace molecule::mux
