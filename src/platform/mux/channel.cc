#include "platform/mux/channel.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace molecule::mux {

Session::Channel::Channel(io::Loop& loop, std::uint32_t its_number, std::size_t window)
    : Sides(loop), number(its_number), credit(window), window_(window) {}

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

bool Session::Channel::arm(net::Direction direction, net::Sleeper& sleeper, net::Wake* at_once,
                           bool ready) noexcept {
  if (broken) {
    *at_once = net::Wake::ready;
    return false;
  }
  return Sides::arm(direction, sleeper, at_once, ready);
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
