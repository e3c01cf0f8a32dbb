// One event loop per core. A connection, its buffers and its coroutines live on one loop for life
// and share nothing with the others; crossing over is a visible await. Asio is behind this header
// and is included by platform sources only (see loop_asio.h).
#pragma once

#include <chrono>
#include <coroutine>
#include <functional>
#include <memory>
#include <vector>

#include "platform/io/cancellation.h"
#include "platform/io/task.h"

namespace molecule::io {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(). Must be called from one thread; posted work runs there.
  void run();
  // Runs what is ready now and returns; for tests that step by hand.
  void poll();
  void stop();  // From any thread.

  // Runs `work` on the loop, later, in order. From any thread; never runs it inline.
  void post(std::move_only_function<void()> work);
  void resume(std::coroutine_handle<> handle);  // post() without the allocation of a closure.
  // Resumes all, in order, in one turn of the loop: one wake-up for many waiters.
  void resume(std::vector<std::coroutine_handle<>> handles);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// A wait that ends after a time or by cancellation. Exact to about a millisecond.
class SleepAwaiter final : Cancellation::Waiter {
 public:
  explicit SleepAwaiter(std::chrono::nanoseconds duration) : duration_(duration) {}
  ~SleepAwaiter() override;
  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) {
    return start(self, self.promise().context);
  }
  void await_resume();  // Throws the cancellation's Fault when cancelled.

 private:
  struct Timer;
  bool start(std::coroutine_handle<> self, const Context& context);
  void on_cancel() noexcept override;

  std::chrono::nanoseconds duration_;
  std::coroutine_handle<> self_;
  Context context_;
  std::shared_ptr<Timer> timer_;
  bool cancelled_ = false;
};

template <class R, class P>
SleepAwaiter sleep(std::chrono::duration<R, P> duration) {
  return SleepAwaiter(std::chrono::duration_cast<std::chrono::nanoseconds>(duration));
}

// Goes to the back of the loop's queue: fairness in long computations.
struct YieldAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) {
    self.promise().context.loop->resume(self);
  }
  void await_resume() const noexcept {}
};
inline YieldAwaiter yield() { return {}; }

// Completion of work done elsewhere (a store thread, a resolver). The waiting coroutine suspends
// until complete() is called from any thread, once; it resumes on its own loop. Not cancellable:
// the other side keeps a reference into the frame, so the wait must be bounded by the other side.
template <class T>
class Completion {
 public:
  bool await_ready() const noexcept { return false; }
  template <class P>
  void await_suspend(std::coroutine_handle<P> self) {
    self_ = self;
    loop_ = self.promise().context.loop;
    start_(this);
  }
  T await_resume() {
    if (failure_) std::rethrow_exception(std::move(failure_));
    if constexpr (!std::is_void_v<T>) return std::move(*value_);
  }

  // `start` runs once the coroutine is suspended and hands `*this` to whoever completes it.
  template <class Start>
    requires(!std::is_same_v<std::remove_cvref_t<Start>, Completion>)
  explicit Completion(Start&& start) : start_(std::forward<Start>(start)) {}
  Completion(const Completion&) = delete;

  template <class... U>
  void set(U&&... value) {
    if constexpr (!std::is_void_v<T>) value_.emplace(std::forward<U>(value)...);
  }
  void fail(std::exception_ptr failure) { failure_ = std::move(failure); }
  // Set a value or fail first. After this call *this may be gone.
  void complete() { loop_->resume(self_); }
  Loop& loop() { return *loop_; }
  std::coroutine_handle<> handle() const { return self_; }

 private:
  struct Nothing {};
  std::move_only_function<void(Completion*)> start_;
  std::coroutine_handle<> self_;
  Loop* loop_ = nullptr;
  std::optional<std::conditional_t<std::is_void_v<T>, Nothing, T>> value_;
  std::exception_ptr failure_;
};

}  // namespace molecule::io
