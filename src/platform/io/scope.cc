#include "platform/io/scope.h"

#include "platform/io/loop_asio.h"

namespace molecule::io {

// The one coroutine type without an awaiter: it owns the spawned task and frees itself at its end.
struct Scope::Root {
  struct promise_type {
    Context context;
    Root get_return_object() noexcept {
      return Root{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::abort(); }
  };
  std::coroutine_handle<promise_type> self;
};

Scope::Scope(Loop& loop, OnFailure on_failure, Cancellation* parent)
    : loop_(loop), on_failure_(std::move(on_failure)), cancellation_(parent) {}

Scope::~Scope() {
  if (running_ != 0) std::abort();
}

Scope::Root Scope::run(std::string name, Task<void> work) {
  std::exception_ptr failure;
  try {
    co_await std::move(work);
  } catch (const Fault& fault) {
    // What our own cancellation threw is no failure, whether by request or at the end of a drain's
    // grace.
    const bool ours = cancellation_.requested() && (fault.kind() == Kind::cancelled ||
                                                    fault.kind() == cancellation_.fault().kind());
    if (!ours) failure = std::current_exception();
  } catch (...) {
    failure = std::current_exception();
  }
  // The task's frame must be gone before the owner may be told that it has ended.
  { Task<void> ended = std::move(work); }
  if (failure && on_failure_) on_failure_(name, failure);
  finished();
}

void Scope::spawn(std::string name, Task<void> work) {
  ++running_;
  Root root = run(std::move(name), std::move(work));
  root.self.promise().context = Context{&loop_, &cancellation_};
  root.self.resume();
}

void Scope::spawn_from_anywhere(std::string name, std::move_only_function<Task<void>()> make) {
  loop_.post([this, name = std::move(name), make = std::move(make)]() mutable {
    spawn(std::move(name), make());
  });
}

void Scope::finished() {
  --running_;
  if (running_ == 0 && joiner_) loop_.resume(std::exchange(joiner_, {}));
}

namespace {
struct Join {
  std::size_t& running;
  std::coroutine_handle<>& joiner;
  bool await_ready() const noexcept { return running == 0; }
  void await_suspend(std::coroutine_handle<> self) { joiner = self; }
  void await_resume() const noexcept {}
};
}  // namespace

Task<void> Scope::drain(std::chrono::milliseconds grace) {
  if (running_ != 0) {
    detail::DeadlineTimer timer(loop_, grace, cancellation_);
    Join join{running_, joiner_};
    co_await join;
  }
  cancellation_.cancel();
}

Task<void> Scope::join() {
  if (running_ != 0) {
    Join join{running_, joiner_};
    co_await join;
  }
}

struct detail::DeadlineTimer::State {
  explicit State(Loop& loop) : alarm(loop) {}
  Alarm alarm;
  Cancellation* target = nullptr;
};

detail::DeadlineTimer::DeadlineTimer(Loop& loop, std::chrono::nanoseconds limit,
                                     Cancellation& target)
    : state_(std::make_shared<State>(loop)) {
  state_->target = &target;
  state_->alarm.start(limit, [state = state_](bool in_time) {
    if (in_time && state->target) state->target->cancel(Kind::deadline);
  });
}

detail::DeadlineTimer::~DeadlineTimer() {
  state_->target = nullptr;
  state_->alarm.cancel();
}

void run_until_done(Loop& loop, Task<void> work) {
  std::exception_ptr failure;
  Scope scope(loop, [&](std::string_view, std::exception_ptr escaped) { failure = escaped; });
  auto stop_after = [](Loop& on, Task<void> inner) -> Task<void> {
    std::exception_ptr escaped;
    try {
      co_await std::move(inner);
    } catch (...) {
      escaped = std::current_exception();
    }
    on.stop();
    if (escaped) std::rethrow_exception(escaped);
  };
  scope.spawn("main", stop_after(loop, std::move(work)));
  if (scope.running() != 0) loop.run();
  loop.impl().context.restart();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace molecule::io
