// Background work with an owner. A Scope starts coroutines, names them, and joins them all before
// it dies; nothing runs detached. Spawned coroutines take values, or references to things that
// outlive the scope. A failure that escapes a spawned coroutine is reported to `on_failure` with
// its name and does not stop the others.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "platform/io/loop.h"

namespace molecule::io {

class Scope {
 public:
  using OnFailure = std::function<void(std::string_view name, std::exception_ptr)>;

  // Belongs to `loop`: spawn, cancel and drain are called there. Cancelled with `parent` when
  // given.
  Scope(Loop& loop, OnFailure on_failure, Cancellation* parent = nullptr);
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  // Aborts the process when work is still running: drain first.
  ~Scope();

  // Starts at once, on this loop, until its first suspension.
  void spawn(std::string name, Task<void> work);
  // As spawn, from any thread; the work starts on this scope's loop.
  void spawn_from_anywhere(std::string name, std::move_only_function<Task<void>()> make);

  std::size_t running() const { return running_; }
  Cancellation& cancellation() { return cancellation_; }
  void cancel() { cancellation_.cancel(); }
  // Waits up to `grace` for the work to end by itself, then cancels it and waits until it has
  // ended.
  Task<void> drain(std::chrono::milliseconds grace);
  // Waits until all work has ended, however long that takes; cancel() elsewhere to end it.
  Task<void> join();

  Loop& loop() { return loop_; }

 private:
  struct Root;
  Root run(std::string name, Task<void> work);
  void finished();

  Loop& loop_;
  OnFailure on_failure_;
  Cancellation cancellation_;
  std::size_t running_ = 0;
  std::coroutine_handle<> joiner_;
};

// Runs `work` to its end on a fresh loop in this thread. For main() and tests.
void run_until_done(Loop& loop, Task<void> work);

template <class T>
T run(Loop& loop, Task<T> work) {
  std::optional<T> result;
  auto keep = [](Task<T> inner, std::optional<T>& out) -> Task<void> {
    out.emplace(co_await std::move(inner));
  };
  run_until_done(loop, keep(std::move(work), result));
  return std::move(*result);
}
inline void run(Loop& loop, Task<void> work) { run_until_done(loop, std::move(work)); }

// Runs `work` under its own cancellation; when `limit` passes first, cancels it, awaits its
// clean-up and throws Fault deadline.
template <class T>
Task<T> within(std::chrono::nanoseconds limit, Task<T> work);

namespace detail {
class DeadlineTimer {
 public:
  DeadlineTimer(Loop& loop, std::chrono::nanoseconds limit, Cancellation& target);
  ~DeadlineTimer();

 private:
  struct State;
  std::shared_ptr<State> state_;
};
// Awaits `work` with another cancellation than the parent's.
template <class T>
struct WithCancellation {
  Task<T> work;
  Cancellation& cancellation;
  typename Task<T>::Awaiter inner = work.operator co_await();
  bool await_ready() noexcept { return false; }
  template <class Parent>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Parent> parent) noexcept {
    auto next = inner.await_suspend(parent);
    inner.self.promise().context.cancellation = &cancellation;
    return next;
  }
  T await_resume() { return inner.await_resume(); }
};
}  // namespace detail

template <class T>
Task<T> within(std::chrono::nanoseconds limit, Task<T> work) {
  Context here = co_await context();
  Cancellation cancellation(here.cancellation);
  detail::DeadlineTimer timer(*here.loop, limit, cancellation);
  detail::WithCancellation<T> waiting{std::move(work), cancellation};
  co_return co_await waiting;
}

}  // namespace molecule::io
