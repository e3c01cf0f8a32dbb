#include "platform/io/signal.h"

#include "platform/io/scope.h"

namespace molecule::io {

struct Signal::Waiting final : Cancellation::Waiter {
  explicit Waiting(Signal& s) : signal(&s) {}
  ~Waiting() override { leave(); }

  void leave() noexcept {
    if (!signal) return;
    if (previous) {
      previous->next = next;
    } else {
      signal->first_ = next;
    }
    if (next) next->previous = previous;
    signal = nullptr;
  }
  void on_cancel() noexcept override {
    if (!signal) return;  // Already notified; the resume is under way.
    leave();
    cancelled = true;
    context.loop->resume(self);
  }

  bool await_ready() const noexcept { return false; }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> awaiting) {
    self = awaiting;
    context = awaiting.promise().context;
    if (context.cancellation) {
      if (context.cancellation->requested()) {
        cancelled = true;
        signal = nullptr;
        return false;
      }
      link(*context.cancellation);
    }
    next = signal->first_;
    if (next) next->previous = this;
    signal->first_ = this;
    return true;
  }
  void await_resume() {
    unlink();
    if (cancelled) throw context.cancellation->fault();
  }

  Signal* signal;
  Waiting* next = nullptr;
  Waiting* previous = nullptr;
  std::coroutine_handle<> self;
  Context context;
  bool cancelled = false;
};

Signal::~Signal() {
  // Waiters belong to scopes that have ended by now; a leftover one must not touch us again.
  for (Waiting* waiting = first_; waiting;) {
    Waiting* next = waiting->next;
    waiting->signal = nullptr;
    waiting = next;
  }
}

// In the order in which they came: who came last stands first.
void Signal::notify() {
  Waiting* oldest = first_;
  while (oldest && oldest->next) oldest = oldest->next;
  while (oldest) {
    Waiting* waiting = std::exchange(oldest, oldest->previous);
    waiting->leave();
    waiting->unlink();
    waiting->context.loop->resume(waiting->self);
  }
}

Task<bool> Signal::wait(std::chrono::nanoseconds limit) {
  auto once = [](Signal& signal) -> Task<void> {
    Waiting waiting(signal);
    co_await waiting;
  };
  Context here = co_await context();
  Cancellation bounded(here.cancellation);
  detail::DeadlineTimer timer(*here.loop, limit, bounded);
  bool notified = true;
  try {
    detail::WithCancellation<void> wait_bounded{once(*this), bounded};
    co_await wait_bounded;
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::deadline) throw;
    notified = false;
  }
  co_return notified;
}

}  // namespace molecule::io
