#include "platform/io/loop.h"

#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include "platform/io/loop_asio.h"

namespace molecule::io {

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() {
  // The work a thread posts may run, and end this loop, before that thread has left post().
  while (impl_->posting.load(std::memory_order_acquire) != 0) std::this_thread::yield();
}

void Loop::run() {
  auto guard = boost::asio::make_work_guard(impl_->context);
  impl_->context.run();
}

void Loop::poll() {
  impl_->context.restart();
  impl_->context.poll();
}

void Loop::stop() { impl_->context.stop(); }

namespace {
struct Posting {
  explicit Posting(std::atomic<int>& count) : count_(count) {
    count_.fetch_add(1, std::memory_order_relaxed);
  }
  ~Posting() { count_.fetch_sub(1, std::memory_order_release); }
  std::atomic<int>& count_;
};
}  // namespace

void Loop::post(std::move_only_function<void()> work) {
  Posting posting(impl_->posting);
  boost::asio::post(impl_->context, [work = std::move(work)]() mutable { work(); });
}

void Loop::resume(std::coroutine_handle<> handle) {
  Posting posting(impl_->posting);
  boost::asio::post(impl_->context, [handle] { handle.resume(); });
}

void Loop::resume(std::vector<std::coroutine_handle<>> handles) {
  Posting posting(impl_->posting);
  boost::asio::post(impl_->context, [handles = std::move(handles)] {
    for (std::coroutine_handle<> handle : handles) handle.resume();
  });
}

struct SleepAwaiter::Timer {
  explicit Timer(Loop& loop) : alarm(loop) {}
  Alarm alarm;
  SleepAwaiter* waiting = nullptr;  // Null once the awaiter is gone or has been resumed.
};

SleepAwaiter::~SleepAwaiter() {
  if (timer_) {
    timer_->waiting = nullptr;
    timer_->alarm.cancel();
  }
}

bool SleepAwaiter::start(std::coroutine_handle<> self, const Context& context) {
  context_ = context;
  if (context.cancellation && context.cancellation->requested()) {
    cancelled_ = true;
    return false;
  }
  self_ = self;
  timer_ = std::make_shared<Timer>(*context.loop);
  timer_->waiting = this;
  timer_->alarm.start(duration_, [timer = timer_](bool) {
    if (SleepAwaiter* waiting = std::exchange(timer->waiting, nullptr)) waiting->self_.resume();
  });
  if (context.cancellation) link(*context.cancellation);
  return true;
}

void SleepAwaiter::on_cancel() noexcept {
  cancelled_ = true;
  timer_->alarm.cancel();  // The handler resumes us from the loop.
}

void SleepAwaiter::await_resume() {
  unlink();
  if (cancelled_) throw context_.cancellation->fault();
}

}  // namespace molecule::io
