#include "platform/sql/job_queue.h"

#include <algorithm>

namespace molecule::sql {

JobQueue::Push JobQueue::push(detail::Job& job, const void* from) {
  std::lock_guard lock(mutex_);
  if (closed_) return Push::closed;
  if (size_ >= max_) return Push::full;
  job.next = nullptr;
  (last_ ? last_->next : first_) = &job;
  last_ = &job;
  ++size_;
  if (sleeping_ == 0 || waker_ == from) return Push::taken;
  // The other loop's round may be longer than this one's: its promise is not for everybody.
  if (waker_) return Push::wake;
  waker_ = from;
  return Push::promise;
}

void JobQueue::wake() {
  std::size_t threads = 0;
  {
    std::lock_guard lock(mutex_);
    waker_ = nullptr;
    threads = std::min(sleeping_, size_);
  }
  for (; threads > 0; --threads) filled_.notify_one();
}

void JobQueue::take(std::vector<detail::Job*>& out, std::size_t most,
                    std::chrono::milliseconds limit) {
  out.clear();
  std::unique_lock lock(mutex_);
  if (!first_ && !closed_) {
    ++sleeping_;
    filled_.wait_for(lock, limit, [&] { return first_ || closed_ || nudged_; });
    --sleeping_;
  }
  nudged_ = false;
  while (first_ && out.size() < most) {
    out.push_back(first_);
    first_ = first_->next;
  }
  size_ -= out.size();
  if (!first_) last_ = nullptr;
}

void JobQueue::nudge() {
  {
    std::lock_guard lock(mutex_);
    nudged_ = true;
  }
  filled_.notify_one();
}

void JobQueue::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  filled_.notify_all();
}

bool JobQueue::finished() const {
  std::lock_guard lock(mutex_);
  return closed_ && !first_;
}

bool JobQueue::closed() const {
  std::lock_guard lock(mutex_);
  return closed_;
}

std::size_t JobQueue::size() const {
  std::lock_guard lock(mutex_);
  return size_;
}

}  // namespace molecule::sql
