// One connection as bytes in both directions: TCP below, TLS on top of it, and whatever a test
// plays. A Stream moves bytes without waiting (try_read, try_write) and waits without holding a
// buffer (wait); read() and write() are both together. So an idle connection costs no buffer, and a
// busy one is not suspended between a request and its response.
//
// A Stream belongs to one loop. At most one coroutine waits per direction. Waits end by readiness,
// by the direction's deadline, or by the cancellation of the waiting coroutine.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/fault.h"
#include "platform/io/cancellation.h"
#include "platform/io/loop.h"
#include "platform/io/task.h"

namespace molecule::net {

enum class Direction : std::uint8_t { read, write };
enum class Wake : std::uint8_t { ready, deadline, cancelled };

// What a non-blocking attempt did.
struct Attempt {
  enum class State : std::uint8_t {
    moved,   // `bytes` > 0 were moved.
    wait,    // Nothing moved; wait for the direction, then try again.
    end,     // Reading: the peer ended its side in order.
    broken,  // The connection was reset or the peer broke the protocol.
  };
  State state = State::wait;
  std::size_t bytes = 0;
};

using TimePoint = std::chrono::steady_clock::time_point;
inline constexpr TimePoint no_deadline = TimePoint::max();

// Thrown by read() and write() when the peer vanished.
inline Fault connection_lost() {
  return {Kind::bad_gateway, "connection_lost", "the connection was lost"};
}

// Who is told of readiness. Called from the loop, once per arm().
class Sleeper {
 public:
  virtual void wake(Wake why) noexcept = 0;

 protected:
  ~Sleeper() = default;
};

class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  virtual Attempt try_read(std::span<char> into) noexcept = 0;
  // Sends the pieces in order as one system call where possible; may move only a part of them.
  virtual Attempt try_write(std::span<const std::string_view> pieces) noexcept = 0;

  // Registers `sleeper` for the direction. False: do not sleep, `*at_once` says why (bytes that are
  // already decoded count as ready). disarm() forgets it; it will not be called afterwards.
  virtual bool arm(Direction direction, Sleeper& sleeper, Wake* at_once) noexcept = 0;
  virtual void disarm(Direction direction) noexcept = 0;

  // When a wait of that direction gives up; kept to about a quarter second. A passed deadline fails
  // every later wait until it is moved. Costs nothing but a store.
  virtual void set_deadline(Direction direction, TimePoint at) noexcept = 0;
  void set_deadline(TimePoint at) noexcept {
    set_deadline(Direction::read, at);
    set_deadline(Direction::write, at);
  }

  // Tells the peer that no more bytes follow (TLS: close_notify first); bounded by the write
  // deadline.
  virtual io::Task<void> shutdown_write() = 0;
  // Ends both directions at once. Idempotent. A coroutine that waits is woken and finds it broken.
  virtual void close() noexcept = 0;

  virtual const std::string& peer()
      const = 0;                    // The peer's address without port: "127.0.0.1", "::1".
  virtual bool secure() const = 0;  // Encrypted and, for clients, the name was verified.
  virtual io::Loop& loop() = 0;

  class Waiting;
  // Suspends until the direction is ready; says why it woke and throws nothing.
  Waiting wait(Direction direction) noexcept;

  // At least one byte, or 0 at the orderly end. Throws connection_lost, deadline or cancelled.
  io::Task<std::size_t> read(std::span<char> into);
  // All bytes of all pieces; what they view stays alive until it returns. Throws as read() does.
  io::Task<void> write(std::span<const std::string_view> pieces);
  io::Task<void> write(std::string_view bytes);
  // wait(Direction::read) that throws deadline or cancelled.
  io::Task<void> readable();
};

// The awaiter of wait(). Lives in the waiting coroutine's frame.
class [[nodiscard]] Stream::Waiting final : private Sleeper, private io::Cancellation::Waiter {
 public:
  Waiting(Stream& stream, Direction direction) noexcept : stream_(stream), direction_(direction) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() override {
    if (armed_) stream_.disarm(direction_);
  }

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) noexcept {
    return sleep(self, self.promise().context);
  }
  Wake await_resume() noexcept {
    unlink();
    return why_;
  }

 private:
  bool sleep(std::coroutine_handle<> self, const io::Context& context) noexcept;
  void wake(Wake why) noexcept override;
  void on_cancel() noexcept override;

  Stream& stream_;
  Direction direction_;
  Wake why_ = Wake::ready;
  bool armed_ = false;
  std::coroutine_handle<> self_;
  io::Loop* loop_ = nullptr;
};

inline Stream::Waiting Stream::wait(Direction direction) noexcept { return {*this, direction}; }

// Throws the Fault that belongs to a Wake other than ready; `here` is the waiting coroutine's
// context.
void require_ready(Wake why, const io::Context& here);

}  // namespace molecule::net
