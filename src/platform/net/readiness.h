// Which sockets of a loop have become readable or writable. A socket is registered once, for both
// directions and by edge, when it is made; nothing is said to the kernel when somebody begins to
// wait. The set hangs in the loop as one descriptor, and a turn of the loop hands out everything
// that became ready.
//
// Belongs to one loop; used on it alone.
#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include <sys/epoll.h>

#include "platform/io/loop.h"

namespace molecule::net {

class Readiness {
 public:
  // The set of that loop; made at the first call. Call on the loop or before it runs.
  static Readiness& of(io::Loop& loop);

  class Watched {
   public:
    struct Ready {
      bool read = false;   // Since it was last found not to be.
      bool write = false;  // Since it was last found not to be.
      bool ended = false;  // The peer sends nothing more, or the connection broke: reading stays
                           // ready for good, and this is not said again.
    };
    // May be called when nobody waits, and once more than needed.
    virtual void on_ready(Ready ready) noexcept = 0;

   protected:
    ~Watched() = default;
  };

  // A socket that is neither connected nor listening counts as ended: connect first. Throws Fault
  // unavailable when the kernel has no room for another one.
  void add(int descriptor, Watched& watched);
  // Before the descriptor is closed; on_ready() is not called afterwards. Closing alone would not
  // do: a program that is being started has copies of all descriptors until it really runs.
  void forget(int descriptor, Watched& watched) noexcept;

  struct Impl;
  explicit Readiness(std::unique_ptr<Impl> impl);
  ~Readiness();

 private:
  static constexpr std::size_t turn_max = 256;  // Handed out before the loop does something else.
  void wait();
  void turn() noexcept;

  std::unique_ptr<Impl> impl_;
  std::array<epoll_event, turn_max> events_;
  std::size_t next_ = 0;  // Of the turn under way.
  std::size_t end_ = 0;
};

}  // namespace molecule::net
