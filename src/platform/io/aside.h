// Work that takes too long for an event loop: one thread does it, in order, while the loops go on.
// For what computes and waits for nothing, such as reading a document of many megabytes.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <type_traits>

#include "base/fault.h"
#include "platform/io/loop.h"

namespace molecule::io {

// Bytes of a text that a loop reads itself; longer ones are read aside.
inline constexpr std::size_t short_text_max = 256u << 10;

class Aside {
 public:
  // Pieces of work that may wait; more are refused with Fault unavailable. Each belongs to
  // a request whose body is held already, so their memory is counted there.
  static constexpr std::size_t waiting_max = 256;

  Aside();
  // No work may be under way: whoever waits for it has ended.
  ~Aside();
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  // Runs `work` in the thread and resumes its caller on its own loop with what came of it, also
  // when that is an exception. The caller's frame is the work's until then, whatever is cancelled
  // meanwhile.
  template <class Fn>
  Task<std::invoke_result_t<Fn&>> run(Fn work) {
    using R = std::invoke_result_t<Fn&>;
    Completion<R> done([&](Completion<R>* completion) {
      const bool taken = add([&work, completion] {
        try {
          if constexpr (std::is_void_v<R>) {
            work();
          } else {
            completion->set(work());
          }
        } catch (...) {
          completion->fail(std::current_exception());
        }
        completion->complete();
      });
      if (taken) return;
      completion->fail(std::make_exception_ptr(busy()));
      completion->complete();
    });
    if constexpr (std::is_void_v<R>) {
      co_await done;
    } else {
      co_return co_await done;
    }
  }

 private:
  bool add(std::move_only_function<void()> work);
  void go_on();
  static Fault busy();

  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<std::move_only_function<void()>> waiting_;
  bool over_ = false;
  std::thread thread_;
};

}  // namespace molecule::io
