// One stream of a session: what has come and was not read, what may still be sent, and who waits.
// Private to the session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "platform/io/loop.h"
#include "platform/mux/session.h"
#include "platform/net/sides.h"

namespace molecule::mux {

class Session::Channel final : public net::Sides {
 public:
  Channel(io::Loop& loop, std::uint32_t number, std::size_t window);

  const std::uint32_t number;
  bool broken = false;      // Nothing moves any more.
  bool gone = false;        // The other side has dropped it; what came before can be read.
  bool ended = false;       // We send no more.
  bool peer_ended = false;  // The other side sends no more.
  std::size_t credit;       // Bytes that we may send.

  // Bytes of the other side; false when it had no credit for them.
  bool take(std::string_view bytes);
  std::size_t unread() const { return came_.size() - read_; }
  std::size_t read(std::span<char> into);
  // What the other side may be given credit for, once it is worth a frame.
  std::size_t take_owed();

  // Broken streams are ready at once.
  bool arm(net::Direction direction, net::Sleeper& sleeper, net::Wake* at_once,
           bool ready) noexcept;
  void break_off() noexcept;
  // The other side takes nothing more and sends nothing more.
  void peer_left() noexcept;

 private:
  const std::size_t window_;
  std::string came_;
  std::size_t read_ = 0;
  std::size_t owed_ = 0;  // Read, and not yet credited.
};

}  // namespace molecule::mux
