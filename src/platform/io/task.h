// Task<T>: a lazy coroutine that starts when awaited and resumes its awaiter when done. It carries
// a Context down the call tree: the loop it runs on and the cancellation it obeys, so nothing below
// needs to look either up. Copying or detaching a Task is not possible: await it, or give it to a
// Scope.
#pragma once

#include <coroutine>
#include <cstdlib>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

namespace molecule::io {

class Loop;
class Cancellation;

struct Context {
  Loop* loop = nullptr;                  // Where the coroutine runs and is resumed.
  Cancellation* cancellation = nullptr;  // May be null: the work is never cancelled.
};

template <class T>
class Task;

namespace detail {

struct PromiseBase {
  std::coroutine_handle<> continuation;
  Context context;

  std::suspend_always initial_suspend() noexcept { return {}; }
  struct Final {
    bool await_ready() noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> self) noexcept {
      return self.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  Final final_suspend() noexcept { return {}; }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  std::exception_ptr failure;

  Task<T> get_return_object() noexcept;
  template <class U>
    requires std::is_constructible_v<T, U&&>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  void unhandled_exception() noexcept { failure = std::current_exception(); }
  T take() {
    if (failure) std::rethrow_exception(std::move(failure));
    return std::move(*value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  std::exception_ptr failure;

  Task<void> get_return_object() noexcept;
  void return_void() noexcept {}
  void unhandled_exception() noexcept { failure = std::current_exception(); }
  void take() {
    if (failure) std::rethrow_exception(std::move(failure));
  }
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;

  Task(Task&& other) noexcept : self_(std::exchange(other.self_, {})) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (self_) self_.destroy();
      self_ = std::exchange(other.self_, {});
    }
    return *this;
  }
  ~Task() {
    if (self_) self_.destroy();
  }

  struct Awaiter {
    std::coroutine_handle<promise_type> self;
    bool await_ready() noexcept { return false; }
    template <class Parent>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Parent> parent) noexcept {
      self.promise().context = parent.promise().context;
      self.promise().continuation = parent;
      return self;
    }
    T await_resume() { return self.promise().take(); }
  };
  // The Task must outlive the await; a temporary in the awaiting expression does.
  Awaiter operator co_await() & noexcept { return Awaiter{self_}; }
  Awaiter operator co_await() && noexcept { return Awaiter{self_}; }

 private:
  friend promise_type;
  explicit Task(std::coroutine_handle<promise_type> self) : self_(self) {}
  std::coroutine_handle<promise_type> self_;
};

namespace detail {
template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}
}  // namespace detail

// `Context here = co_await io::context();` gives the running coroutine's context without
// suspending.
struct ContextAwaiter {
  Context found;
  bool await_ready() noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> self) noexcept {
    found = self.promise().context;
    return false;
  }
  Context await_resume() noexcept { return found; }
};
inline ContextAwaiter context() { return {}; }

}  // namespace molecule::io
