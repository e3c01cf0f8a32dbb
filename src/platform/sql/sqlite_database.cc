#include "platform/sql/sqlite_database.h"

#include <algorithm>

#include <fmt/format.h>

#include "platform/log/log.h"
#include "platform/sql/sqlite_schema.h"
#include "platform/sql/sqlite_takeover.h"

namespace molecule::sql {
namespace {

constexpr int writer_cache_kib = 16'384;
constexpr int reader_cache_kib = 4'096;

constexpr Query<void()> begin_batch{"sqlite.begin", "BEGIN IMMEDIATE"};
constexpr Query<void()> commit_batch{"sqlite.commit", "COMMIT"};
constexpr Query<void()> begin_read{"sqlite.begin_read", "BEGIN"};

}  // namespace

SqliteDatabase::SqliteDatabase(const Settings& settings, metrics::Registry& registry, Turns turns)
    : StoreThreads(settings, registry, "sqlite", turns),
      in_memory_(settings.path == ":memory:"),
      files_(settings.path),
      transaction_(settings_.interference.get()),
      readers_(static_cast<std::size_t>(std::max(1, settings.readers))) {
  if (!in_memory_) files_.prepare(settings_.mark, settings_.create);
  writer_ = std::make_unique<SqliteConnection>(settings_.path, SqliteConnection::Create::yes,
                                               writer_cache_kib);
  found_empty_ = sqlite_is_empty(*writer_);
  if (found_empty_ && !settings_.create) throw files_.nothing_in_it();
  reads_on_writer_ = in_memory_;
  if (!in_memory_) files_.remember();
  if (!in_memory_) {
    checkpointer_ = std::make_unique<SqliteCheckpointer>(settings_.path,
                                                         SqliteCheckpointer::Limits(), registry);
  }
  start();
}

SqliteDatabase::~SqliteDatabase() {
  stop();
  if (in_memory_ || !writer_ || !log_damage_.empty()) return;
  // Closing moves the log into the file.
  const LogCondition log = writer_->log_condition(LogPart::unmoved);
  if (!log.whole && !log.moved) give_up_damaged_log(log);
}

void SqliteDatabase::migrate(std::span<const Migration> migrations) {
  std::lock_guard lock(writer_mutex_);
  migrate_sqlite(*writer_, migrations);
}

void SqliteDatabase::take_over(StoreMark& mark, std::string_view numbering, Instant now) {
  std::lock_guard lock(writer_mutex_);
  if (in_memory_) return;
  own_headers_ =
      take_over_sqlite(*writer_, files_.database(), mark, numbering, now, settings_.create);
}

void SqliteDatabase::check_prepares(std::string_view name, std::string_view text) {
  std::lock_guard lock(writer_mutex_);
  try {
    writer_->prepare(name, text);
  } catch (const Fault&) {
    throw internal(fmt::format("{}: {}", name, writer_->last_message()));
  }
}

void SqliteDatabase::ensure_writer() {
  if (in_memory_) return;
  require_own_files();
  if (writer_) return;
  try {
    // Never created here: an empty store in place of a lost one would be worse than none.
    writer_ = std::make_unique<SqliteConnection>(settings_.path, SqliteConnection::Create::no,
                                                 writer_cache_kib);
  } catch (const Fault& fault) {
    throw StoreLost{fault.text()};
  }
  generation_.fetch_add(1, std::memory_order_relaxed);
}

// Before a batch, and again before it is acknowledged: what was written to a file that nobody finds
// any more is not stored.
void SqliteDatabase::require_own_files() {
  if (in_memory_) return;
  if (!log_damage_.empty()) throw StoreLost{log_damage_, false};
  const SqliteFiles::Part missing = files_.missing();
  if (missing == SqliteFiles::Part::database) {
    drop_writer();
    throw StoreLost{"the store's file was moved, replaced or deleted"};
  }
  if (!writer_) {
    if (missing == SqliteFiles::Part::none) return;
    throw StoreLost{"the store's log was deleted or replaced; restart the platform"};
  }
  // An older copy that was written over the file, under its name and place.
  if (!own_headers_.empty() &&
      std::ranges::find(own_headers_, writer_->header()) == own_headers_.end()) {
    writer_->leave_log_at_close();
    throw StoreLost{"the store's file was overwritten; restart the platform", false};
  }
  require_whole_log(missing);
  if (missing == SqliteFiles::Part::none) return;
  // The log is still open here, and what it holds was promised.
  const bool saved = writer_->checkpoint();
  throw StoreLost{fmt::format("the store's log was deleted or replaced{}; restart the platform",
                              saved ? ", and what it held was saved into the store's file" : ""),
                  false};
}

void SqliteDatabase::require_whole_log(SqliteFiles::Part missing) {
  // All of it where it is about to be saved.
  const bool there = missing == SqliteFiles::Part::none;
  const LogCondition log = writer_->log_condition(there ? LogPart::ends : LogPart::unmoved);
  if (log.whole) return;
  if (!log.moved) {
    give_up_damaged_log(log);
    throw StoreLost{log_damage_, false};
  }
  if (!there) return;
  // Nothing is lost, and nobody needs what is there now: the log starts over.
  if (!writer_->checkpoint_whole())
    throw StoreLost{"the store's log was truncated or overwritten and is still in use", false};
  log::warn("the store's log was truncated or overwritten by somebody else; nothing was lost",
            log::field("file", files_.database()));
}

void SqliteDatabase::give_up_damaged_log(const LogCondition& log) {
  writer_->leave_log_at_close();
  log_damage_ = fmt::format(
      "the log of {} was truncated or overwritten by somebody else, so that the last writes may be "
      "gone; restart the platform",
      files_.database());
  log::error("the store's log was damaged", log::field("cause", log_damage_));
  if (log.usable || files_.missing() != SqliteFiles::Part::none) return;
  try {
    // Older than the file: the next start would mix them.
    log::warn("the damaged log was set aside", log::field("file", files_.set_log_aside()));
  } catch (const Fault& fault) {
    log::error("the damaged log stays", log::field("cause", fault.text()));
  }
}

// Damage between the ends of the log is noticed here, before it ends up in the database.
void SqliteDatabase::move_log() {
  const LogCondition log = writer_->log_condition(LogPart::unmoved);
  if (!log.whole && !log.moved) {
    give_up_damaged_log(log);
    throw StoreLost{log_damage_, false};
  }
  writer_->checkpoint();
}

void SqliteDatabase::drop_writer() noexcept {
  // A store in memory lives and dies with its connection.
  if (in_memory_ || !writer_) return;
  // The next connection finds the files as this one had them.
  writer_->leave_log_at_close();
  const LogCondition log = writer_->log_condition(LogPart::unmoved);
  if (!log.whole && !log.moved && log_damage_.empty()) give_up_damaged_log(log);
  writer_.reset();
}

void SqliteDatabase::begin() {
  writer_->run(begin_batch);
  transaction_.begin_batch(*writer_);
}

bool SqliteDatabase::run_in_batch(detail::Job& job, bool savepoints) {
  if (job.reads) {
    SqliteRead snapshot(*writer_);
    run_closure(job, snapshot);
    snapshot.end();
    return true;
  }
  transaction_.begin_job(savepoints);
  run_closure(job, transaction_);
  return transaction_.end_job(!job.failure);
}

// False when a job failed that could not be undone by itself: then nothing of the batch is kept.
bool SqliteDatabase::run_batch(std::span<detail::Job* const> batch, bool savepoints) {
  begin();
  for (detail::Job* job : batch) {
    if (run_in_batch(*job, savepoints)) continue;
    writer_->execute("ROLLBACK");
    return false;
  }
  commit(batch);
  return true;
}

void SqliteDatabase::commit(std::span<detail::Job* const> batch) {
  transaction_.write_sequences();
  const auto fate = batch.empty() ? Interference::Commit::goes_through : interference_at_commit();
  const auto committing = [&](bool now) {
    for (detail::Job* job : batch) job->committing = now && !job->failure;
  };
  committing(true);
  if (fate == Interference::Commit::lost_undone) throw StoreLost{"lost at the commit"};
  try {
    writer_->run(commit_batch);
  } catch (const StoreLost& loss) {
    // A commit that was refused before it reached the disk is known to have left nothing.
    if (!loss.disk_failed) committing(false);
    throw;
  }
  if (fate == Interference::Commit::lost_done) throw StoreLost{"lost behind the commit"};
  require_own_files();
  transaction_.actions().run();
}

void SqliteDatabase::write_batch(std::span<detail::Job* const> batch) {
  std::lock_guard lock(writer_mutex_);
  require_reachable();
  ensure_writer();
  try {
    // Savepoints cost every job two statements and a copy of the pages it changes; jobs that fail
    // after they wrote are rare. Such a job alone has been undone with its batch.
    const bool savepoints = batch.size() > 1 && careful_ > 0;
    if (savepoints) --careful_;
    if (!run_batch(batch, savepoints) && batch.size() > 1) {
      careful_ = careful_batches;
      run_batch(batch, true);
    }
    if (checkpointer_ && checkpointer_->committed(writer_->log_pages())) move_log();
  } catch (const StoreLost& loss) {
    writer_->execute_unchecked("ROLLBACK");
    if (loss.connection_bad) drop_writer();
    throw;
  } catch (...) {
    writer_->execute_unchecked("ROLLBACK");
    throw;
  }
}

void SqliteDatabase::probe() {
  std::lock_guard lock(writer_mutex_);
  require_reachable();
  ensure_writer();
  if (!in_memory_) files_.require_room();
  try {
    begin();
    writer_->run(write_sequence, "store.probe", static_cast<std::int64_t>(generation_.load()));
    commit({});
  } catch (const StoreLost& loss) {
    writer_->execute_unchecked("ROLLBACK");
    if (loss.connection_bad) drop_writer();
    throw;
  } catch (...) {
    writer_->execute_unchecked("ROLLBACK");
    throw;
  }
}

void SqliteDatabase::quiet() {
  std::lock_guard lock(writer_mutex_);
  ensure_writer();
  move_log();
}

void SqliteDatabase::read_one(std::size_t reader, detail::Job& job) {
  require_reachable();
  Reader& mine = readers_[reader];
  const std::uint64_t generation = generation_.load(std::memory_order_relaxed);
  try {
    if (!mine.connection || mine.generation != generation) {
      mine.connection = std::make_unique<SqliteConnection>(
          settings_.path, SqliteConnection::Create::no, reader_cache_kib);
      mine.connection->leave_log_at_close();
      mine.generation = generation;
    }
    mine.connection->run(begin_read);
    SqliteRead snapshot(*mine.connection);
    run_closure(job, snapshot);
    snapshot.end();
    mine.connection->run(commit_batch);
  } catch (const Fault& fault) {
    mine.connection.reset();
    throw StoreLost{fault.text()};
  } catch (...) {
    mine.connection.reset();
    throw;
  }
}

}  // namespace molecule::sql
