#include "platform/sql/sqlite_checkpointer.h"

#include "platform/log/log.h"
#include "platform/sql/sqlite_connection.h"
#include "platform/sql/store_threads.h"

namespace molecule::sql {

SqliteCheckpointer::SqliteCheckpointer(std::string path, Limits limits, metrics::Registry& registry)
    : path_(std::move(path)),
      limits_(limits),
      passes_(registry.counter("molecule_store_checkpoints_total",
                               "Passes that moved SQLite's log into its file beside the writer.")),
      thread_([this] { loop(); }) {}

SqliteCheckpointer::~SqliteCheckpointer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
}

bool SqliteCheckpointer::committed(std::size_t log_pages) {
  if (log_pages < pages_at_pass_) pages_at_pass_ = 0;  // The log has started over.
  // Told once: the writer sees for itself, and a log that turns out to be whole has passes again.
  if (log_pages >= limits_.writer_pages || damaged_.exchange(false)) return true;
  if (log_pages - pages_at_pass_ < limits_.pass_pages) return false;
  pages_at_pass_ = log_pages;
  {
    std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  changed_.notify_one();
  return false;
}

void SqliteCheckpointer::loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return wanted_ || stopping_; });
    if (stopping_) return;
    wanted_ = false;
    lock.unlock();
    try {
      // Opened for each pass, so that it is always the file the writer uses now.
      SqliteConnection connection(path_, SqliteConnection::Create::no, 0);
      connection.leave_log_at_close();
      const LogCondition log = connection.log_condition(LogPart::unmoved);
      if (log.whole || log.moved) {
        connection.checkpoint();
      } else {
        damaged_ = true;
      }
      passes_.add();
    } catch (const Fault& fault) {
      log::warn("checkpoint failed", log::field("cause", fault.text()));
    }
    lock.lock();
  }
}

}  // namespace molecule::sql
