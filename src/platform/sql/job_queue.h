// Where loops leave work for store threads: first in, first out, bounded. Leaving work does not
// wake a thread by itself: whoever left it says when, so that work that comes together is taken
// together. The jobs live in their waiting coroutines; the queue links them and owns nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <vector>

#include "platform/sql/database.h"

namespace molecule::sql {

class JobQueue {
 public:
  enum class Push {
    taken,    // A thread is at work, or has been promised a wake(), and will find it.
    promise,  // The threads sleep; `from` has now promised a wake() and must keep it.
    wake,     // The threads sleep and another loop has promised: call wake() now.
    full,     // Refused.
    closed,   // Refused.
  };

  explicit JobQueue(std::size_t max) : max_(max) {}

  // `from` is the loop that leaves the job.
  Push push(detail::Job& job, const void* from);
  // Wakes as many sleeping threads as there are jobs for.
  void wake();
  // Moves up to `most` jobs to `out`, oldest first. Waits for the first one; gives none when
  // `limit` passes, after nudge(), or when the queue is closed and empty.
  void take(std::vector<detail::Job*>& out, std::size_t most, std::chrono::milliseconds limit);
  void nudge();  // Makes a take() that waits return.
  void close();  // Refuses new jobs; those inside are still handed out.
  bool finished() const;
  bool closed() const;
  std::size_t size() const;

 private:
  const std::size_t max_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  detail::Job* first_ = nullptr;
  detail::Job* last_ = nullptr;
  std::size_t size_ = 0;
  std::size_t sleeping_ = 0;
  const void* waker_ = nullptr;  // The loop that has promised a wake().
  bool nudged_ = false;
  bool closed_ = false;
};

}  // namespace molecule::sql
