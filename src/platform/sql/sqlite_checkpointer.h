// Moves committed pages from SQLite's log into the file beside the writer. A commit that had to do
// it would keep everybody in its batch waiting for tens of milliseconds; a pass on another
// connection leaves the writer free, and when the writer has to step in, because the log cannot
// start over while it keeps growing, most of the work is done.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>

#include "platform/metrics/metrics.h"

namespace molecule::sql {

class SqliteCheckpointer {
 public:
  struct Limits {
    std::size_t pass_pages = 6'000;     // 24 MiB of log since the last pass: start one.
    std::size_t writer_pages = 40'000;  // 160 MiB of log: the writer helps.
  };

  SqliteCheckpointer(std::string path, Limits limits, metrics::Registry& registry);
  ~SqliteCheckpointer();

  // After each commit, on the writer's thread: how long the log is now. True when the writer should
  // run a checkpoint itself, or see for itself what is the matter with the log.
  bool committed(std::size_t log_pages);

 private:
  void loop();

  const std::string path_;
  const Limits limits_;
  metrics::Counter& passes_;
  std::size_t pages_at_pass_ = 0;  // Writer's thread only.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false;
  bool stopping_ = false;
  std::atomic<bool> damaged_ = false;  // A pass found the log not to be what was written.
  std::jthread thread_;
};

}  // namespace molecule::sql
