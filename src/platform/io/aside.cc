#include "platform/io/aside.h"

#include <utility>

namespace molecule::io {

Aside::Aside() : thread_([this] { go_on(); }) {}

Aside::~Aside() {
  {
    std::lock_guard lock(mutex_);
    over_ = true;
  }
  came_.notify_one();
  thread_.join();
}

Fault Aside::busy() {
  return unavailable("the platform is reading too many large documents; try again");
}

bool Aside::add(std::move_only_function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (waiting_.size() >= waiting_max) return false;
    waiting_.push_back(std::move(work));
  }
  came_.notify_one();
  return true;
}

void Aside::go_on() {
  for (;;) {
    std::move_only_function<void()> work;
    {
      std::unique_lock lock(mutex_);
      came_.wait(lock, [this] { return over_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      work = std::move(waiting_.front());
      waiting_.pop_front();
    }
    work();
  }
}

}  // namespace molecule::io
