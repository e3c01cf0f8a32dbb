// The Asio side of Loop, for platform sources that own sockets. Never included above platform/.
#pragma once

#include <atomic>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "platform/io/loop.h"
#include "platform/io/manual_timers.h"

namespace molecule::io {

struct Loop::Impl {
  boost::asio::io_context context{1};
  std::atomic<int> posting{0};     // Threads inside post() or resume().
  ManualTimers* manual = nullptr;  // In simulations; else the system's time counts.
};

// One alarm of a loop: rings once, from the loop, in time or because it was cancelled.
class Alarm {
 public:
  explicit Alarm(Loop& loop) : manual_(loop.impl().manual), timer_(loop.impl().context) {}

  template <class Ring>  // Ring(bool in_time)
  void start(std::chrono::nanoseconds after, Ring ring) {
    if (manual_) {
      key_ = manual_->add(after, std::move(ring));
      return;
    }
    timer_.expires_after(after);
    timer_.async_wait(
        [ring = std::move(ring)](const boost::system::error_code& error) mutable { ring(!error); });
  }
  void cancel() {
    if (manual_) {
      manual_->cancel(key_);
    } else {
      timer_.cancel();
    }
  }

 private:
  ManualTimers* const manual_;
  ManualTimers::Key key_{};
  boost::asio::steady_timer timer_;
};

}  // namespace molecule::io
