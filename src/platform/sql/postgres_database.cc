#include "platform/sql/postgres_database.h"

#include <fmt/format.h>

#include "platform/log/log.h"
#include "platform/sql/postgres_schema.h"
#include "platform/sql/store_mark.h"

namespace molecule::sql {
namespace {

constexpr Query<void()> begin_batch{"postgres.begin", "BEGIN"};
constexpr Query<void()> commit_batch{"postgres.commit", "COMMIT"};
constexpr Query<void()> rollback_batch{"postgres.rollback", "ROLLBACK"};
constexpr Query<void()> ping{"postgres.ping", "SELECT 1"};
constexpr Query<void()> begin_read{"postgres.begin_read",
                                   "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"};

}  // namespace

PostgresDatabase::PostgresDatabase(const Settings& settings, metrics::Registry& registry)
    : StoreThreads(settings, registry, "postgresql"),
      readers_(static_cast<std::size_t>(std::max(1, settings.readers))) {
  transaction_.set_interference(settings_.interference.get());
  writer_.connection = std::make_unique<PostgresConnection>(settings_);
  found_empty_ = postgres_is_empty(settings_);
  if (found_empty_ && !settings_.create) {
    throw conflict("store_missing", "the database that DATABASE_URL names is empty");
  }
  if (settings_.sole_writer) owner_.take_first(*writer_.connection);
  start();
}

PostgresDatabase::~PostgresDatabase() { stop(); }

void PostgresDatabase::migrate(std::span<const Migration> migrations) {
  migrate_postgres(settings_, migrations);
}

void PostgresDatabase::take_over(StoreMark& mark, std::string_view numbering, Instant now) {
  take_over_postgres(settings_, mark, numbering, now, owner_.session());
  owner_.stands_for(mark.run());
}

void PostgresDatabase::check_prepares(std::string_view name, std::string_view text) {
  check_postgres_prepares(settings_, name, text);
}

PostgresConnection& PostgresDatabase::connected(Line& line, Why why) {
  require_reachable();
  if (why == Why::work && silent_.load(std::memory_order_acquire)) {
    line.connection.reset();  // As silent as the one that was found to be.
    throw StoreLost{"the server does not answer"};
  }
  if (line.connection) return *line.connection;
  const auto now = std::chrono::steady_clock::now();
  if (now < line.not_before) throw StoreLost{"the server could not be reached a moment ago"};
  std::string cause;
  try {
    auto fresh = std::make_unique<PostgresConnection>(settings_);
    if (&line == &writer_ && settings_.sole_writer) owner_.take_again(*fresh);
    line.connection = std::move(fresh);
    line.backoff = std::chrono::milliseconds(0);
    silent_.store(false, std::memory_order_release);
    return *line.connection;
  } catch (const Fault& fault) {
    // One reader that finds no room says nothing about the others' connections.
    if (&line == &writer_) silent_.store(true, std::memory_order_release);
    cause = fault.text();
  } catch (const ConnectionLost& lost) {
    cause = lost.cause;
  } catch (const StoreLost& loss) {
    cause = loss.cause;
  }
  line.backoff = std::clamp(line.backoff * 2, backoff_min, backoff_max);
  line.not_before = std::chrono::steady_clock::now() + line.backoff;
  throw StoreLost{cause};
}

StoreLost PostgresDatabase::dropped(Line& line, const ConnectionLost& lost) {
  line.connection.reset();
  if (lost.silent) silent_.store(true, std::memory_order_release);
  return StoreLost{lost.cause};
}

void PostgresDatabase::write_batch(std::span<detail::Job* const> batch) {
  using Mode = PostgresTx::Mode;
  std::vector<detail::Job*> rest(batch.begin(), batch.end());
  std::vector<detail::Job*> alone;
  if (rest.size() == 1) std::swap(rest, alone);
  Mode mode = careful_ > 0 ? Mode::savepoints : Mode::optimistic;
  if (careful_ > 0) --careful_;
  for (int tries = 0; !rest.empty() && tries < batch_attempts; ++tries) {
    const Outcome outcome = attempt(rest, mode);
    if (outcome.what == Outcome::What::done) {
      rest.clear();
    } else if (outcome.what == Outcome::What::guilty) {
      if (outcome.index >= rest.size())
        break;  // The commit itself was refused; each alone will show whose.
      alone.push_back(rest[outcome.index]);
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(outcome.index));
      mode = Mode::savepoints;
      careful_ = careful_batches;
    }
  }
  for (detail::Job* job : rest) run_alone(*job);
  for (detail::Job* job : alone) run_alone(*job);
}

// Runs the jobs in one transaction, and once more on a fresh connection when the old one was lost
// before the commit was asked for: a server that restarted costs nobody a failure.
PostgresDatabase::Outcome PostgresDatabase::attempt(std::span<detail::Job* const> jobs,
                                                    PostgresTx::Mode mode) {
  for (bool first = true;; first = false) {
    PostgresConnection& on = connected(writer_);
    try {
      return run_jobs(on, jobs, mode);
    } catch (const ConnectionLost& lost) {
      StoreLost loss = dropped(writer_, lost);
      // After COMMIT was sent nobody knows whether it took place; the caller must ask again.
      if (!first || commit_sent_ || lost.silent) throw loss;
    } catch (...) {
      writer_.connection.reset();
      throw;
    }
  }
}

PostgresDatabase::Outcome PostgresDatabase::run_jobs(PostgresConnection& on,
                                                     std::span<detail::Job* const> jobs,
                                                     PostgresTx::Mode mode) {
  commit_sent_ = false;
  transaction_.begin_batch(on, mode);
  on.send(begin_batch);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    transaction_.begin_job(i);
    run_closure(*jobs[i], transaction_);
    if (transaction_.lost()) throw ConnectionLost(*transaction_.lost());
    if (transaction_.broken()) return undo(on, i);
    if (!transaction_.end_job(!jobs[i]->failure)) return undo(on, i);
  }
  return commit(on, jobs);
}

PostgresDatabase::Outcome PostgresDatabase::commit(PostgresConnection& on,
                                                   std::span<detail::Job* const> jobs) {
  on.set_owner(jobs.size());
  transaction_.write_sequences();
  const auto fate = interference_at_commit();
  const auto committing = [&](bool now) {
    for (detail::Job* job : jobs) job->committing = now && !job->failure;
  };
  if (fate != Interference::Commit::lost_undone) on.send(commit_batch);
  committing(true);
  commit_sent_ = true;
  if (fate == Interference::Commit::lost_undone) throw ConnectionLost{"lost at the commit"};
  if (!on.finish()) {
    committing(false);  // The server has answered.
    return undo(on, jobs.size());
  }
  if (fate == Interference::Commit::lost_done) throw ConnectionLost{"lost behind the commit"};
  for (detail::Job* job : jobs) job->settled = true;
  transaction_.actions().run();
  return {};
}

// Ends the transaction and finds out whose fault it was: of the statement that failed, or of
// `guilty`, whose closure could not be undone by itself.
PostgresDatabase::Outcome PostgresDatabase::undo(PostgresConnection& on, std::size_t guilty) {
  if (!on.failure()) on.finish();
  last_failure_ = on.failure();
  on.recover();
  on.send(rollback_batch);
  on.finish();
  on.recover();
  if (!last_failure_) return {Outcome::What::guilty, guilty};
  switch (last_failure_->meaning) {
    case StatementFailure::Meaning::lost: throw StoreLost{last_failure_->message};
    case StatementFailure::Meaning::again: return {Outcome::What::again, last_failure_->owner};
    case StatementFailure::Meaning::constraint:
    case StatementFailure::Meaning::defect: return {Outcome::What::guilty, last_failure_->owner};
  }
  return {Outcome::What::again, 0};
}

// Runs one job as a transaction of its own. False when it collided and may be tried again.
bool PostgresDatabase::try_alone(PostgresConnection& on, detail::Job& job) {
  commit_sent_ = false;
  transaction_.begin_batch(on, PostgresTx::Mode::alone);
  on.send(begin_batch);
  run_closure(job, transaction_);
  if (transaction_.lost()) throw ConnectionLost(*transaction_.lost());
  if (!transaction_.broken() && (job.failure || transaction_.failed())) {
    undo(on, 0);
    job.settled = true;
    return true;
  }
  detail::Job* const only[] = {&job};
  // A failure below surfaces when the closure is over: of a posted statement, or of the commit.
  const Outcome outcome = transaction_.broken() ? undo(on, 0) : commit(on, only);
  if (outcome.what == Outcome::What::done) return true;
  if (outcome.what == Outcome::What::again) return false;
  try {
    last_failure_->raise();
  } catch (...) {
    job.failure = std::current_exception();
  }
  job.settled = true;
  return true;
}

void PostgresDatabase::run_alone(detail::Job& job) {
  for (int tries = 0; tries < alone_attempts; ++tries) {
    PostgresConnection& on = connected(writer_);
    try {
      if (try_alone(on, job)) return;
    } catch (const ConnectionLost& lost) {
      StoreLost loss = dropped(writer_, lost);
      if (commit_sent_ || tries > 0 || lost.silent) throw loss;
    } catch (...) {
      writer_.connection.reset();
      throw;
    }
  }
  throw StoreLost{"the transaction kept colliding with others"};
}

void PostgresDatabase::check() {
  PostgresConnection& on = connected(writer_);
  try {
    on.answer_within(settings_.ping_max);
    on.send(ping);
    if (!on.finish()) throw StoreLost{on.failure()->message};
    on.answer_within(settings_.answer_max);
  } catch (const ConnectionLost& lost) {
    StoreLost loss = dropped(writer_, lost);
    if (lost.silent) throw loss;
    connected(writer_);  // A server that restarted costs nobody a failure.
  } catch (...) {
    writer_.connection.reset();
    throw;
  }
}

void PostgresDatabase::probe() {
  PostgresConnection& on = connected(writer_, Why::probe);
  try {
    const Value values[] = {std::string_view("store.probe"), std::int64_t{0}};
    on.send(write_sequence.name, write_sequence.text, values);
    if (!on.finish()) throw StoreLost{on.failure()->message};
    silent_.store(false, std::memory_order_release);
  } catch (const ConnectionLost& lost) {
    throw dropped(writer_, lost);
  } catch (...) {
    writer_.connection.reset();
    throw;
  }
}

void PostgresDatabase::read_one(std::size_t reader, detail::Job& job) {
  Line& line = readers_[reader];
  for (int tries = 0; tries < alone_attempts; ++tries) {
    try {
      if (read_once(line, job)) return;
    } catch (const ConnectionLost& lost) {
      StoreLost loss = dropped(line, lost);
      if (tries > 0 || lost.silent) throw loss;
    }
  }
  throw StoreLost{"the read kept colliding with writes"};
}

bool PostgresDatabase::read_once(Line& line, detail::Job& job) {
  PostgresConnection& on = connected(line);
  on.send(begin_read);
  PostgresRead snapshot(on);
  run_closure(job, snapshot);
  if (snapshot.lost()) throw ConnectionLost(*snapshot.lost());
  if (!on.failure()) {
    // Nobody waits for the end of a read; the next one finds the answer.
    on.send(commit_batch);
    on.finish_later();
    return true;
  }
  const StatementFailure failure = *on.failure();
  on.recover();
  on.send(rollback_batch);
  on.finish();
  on.recover();
  if (failure.meaning == StatementFailure::Meaning::lost &&
      failure.state != PostgresRead::wrote_state) {
    throw StoreLost{failure.message};
  }
  return failure.meaning != StatementFailure::Meaning::again;
}

}  // namespace molecule::sql
