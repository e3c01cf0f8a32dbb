// Crossing over to another loop, visibly: the work runs there, the caller waits here. What belongs
// to one loop is used from others this way.
#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "platform/io/scope.h"

namespace molecule::io {

namespace detail {
// Ends work on its loop when who waits for it elsewhere is cancelled.
class Reaching final : private Cancellation::Waiter {
 public:
  // On the caller's loop.
  Reaching(Loop& there, Cancellation* callers);
  ~Reaching() override = default;

  // What the work on the other loop obeys; made and used there.
  struct Far {
    std::unique_ptr<Cancellation> cancellation;
    bool asked = false;  // Before there was one.
  };
  const std::shared_ptr<Far>& far() const { return far_; }

 private:
  void on_cancel() noexcept override;
  Loop& there_;
  std::shared_ptr<Far> far_ = std::make_shared<Far>();
};
}  // namespace detail

// Runs what `make` makes on the loop of `there`, which owns it meanwhile, and comes back with what
// came of it. The caller's cancellation reaches the work; so does the cancellation of `there`.
// Without a crossing when the caller is on that loop already.
template <class T, class Make>
Task<T> elsewhere(Scope& there, Make make) {
  Context here = co_await context();
  if (here.loop == &there.loop()) {
    Task<T> work = make();
    co_return co_await std::move(work);
  }
  if (here.cancellation && here.cancellation->requested()) throw here.cancellation->fault();
  detail::Reaching reaching(there.loop(), here.cancellation);
  auto run = [](Make& making, std::shared_ptr<detail::Reaching::Far> far,
                Completion<T>* waiting) -> Task<void> {
    try {
      Context over_there = co_await context();
      far->cancellation = std::make_unique<Cancellation>(over_there.cancellation);
      if (far->asked) far->cancellation->cancel();
      detail::WithCancellation<T> work{making(), *far->cancellation};
      if constexpr (std::is_void_v<T>) {
        co_await work;
        waiting->set();
      } else {
        waiting->set(co_await work);
      }
    } catch (...) {
      waiting->fail(std::current_exception());
    }
    far->cancellation.reset();
    waiting->complete();
  };
  Completion<T> done([&](Completion<T>* completion) {
    there.spawn_from_anywhere("from another loop",
                              [&making = make, far = reaching.far(), run, completion] {
                                return run(making, far, completion);
                              });
  });
  if constexpr (std::is_void_v<T>) {
    co_await done;
  } else {
    co_return co_await done;
  }
}

}  // namespace molecule::io
