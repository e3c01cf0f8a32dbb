#include "platform/sql/postgres_transaction.h"

namespace molecule::sql {
namespace {

constexpr Query<void()> open_savepoint{"postgres.savepoint", "SAVEPOINT job"};
constexpr Query<void()> release_savepoint{"postgres.release", "RELEASE SAVEPOINT job"};
constexpr Query<void()> undo_savepoint{"postgres.undo", "ROLLBACK TO SAVEPOINT job"};
// Creates the row or locks it; either way nobody else numbers until this batch has ended.
constexpr Query<std::int64_t(std::string)> lock_sequence{"postgres.lock_sequence", R"(
    INSERT INTO sequences (name, value) VALUES ($1, 0)
    ON CONFLICT (name) DO UPDATE SET value = sequences.value
    RETURNING value)"};

bool only_reads(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\r\n");
  return start != std::string_view::npos && text.substr(start).starts_with("SELECT");
}

}  // namespace

void PostgresTx::begin_batch(PostgresConnection& connection, Mode mode) {
  connection_ = &connection;
  mode_ = mode;
  sequences_.begin_batch();
  actions_.begin_batch();
  lost_.reset();
  broken_ = false;
  begin_job(0);
}

void PostgresTx::begin_job(std::size_t index) {
  index_ = index;
  connection_->set_owner(index);
  actions_.mark();
  sequences_.mark();
  failed_ = false;
  savepoint_ = false;
  wrote_ = false;
}

bool PostgresTx::end_job(bool keep) {
  if (keep && !failed_) {
    if (savepoint_) connection_->send(release_savepoint);
    return true;
  }
  sequences_.back_to_mark();
  actions_.back_to_mark();
  if (savepoint_) {
    connection_->send(undo_savepoint);
    connection_->send(release_savepoint);
    return true;
  }
  return !wrote_ && !failed_;
}

void PostgresTx::write_sequences() {
  sequences_.write_back([&](const std::string& name, std::int64_t value) {
    const Value values[] = {to_value(name), to_value(value)};
    connection_->send(write_sequence.name, write_sequence.text, values);
  });
}

template <class Fn>
auto PostgresTx::guarded(Fn&& fn) {
  if (lost_ || broken_) throw BatchBroken();
  if (failed_) throw internal("a transaction that broke a constraint takes no further statements");
  try {
    return fn();
  } catch (const ConnectionLost& lost) {
    lost_ = lost;
    throw BatchBroken();
  }
}

void PostgresTx::before_statement(std::string_view name, std::string_view text) {
  if (interference_ && interference_->lose_before(name))
    throw ConnectionLost{"lost before a statement"};
  if (mode_ == Mode::savepoints && !savepoint_) {
    connection_->send(open_savepoint);
    savepoint_ = true;
  }
  wrote_ = wrote_ || !only_reads(text);
}

// The statement, or one that was posted before it, failed.
void PostgresTx::on_failure() {
  const StatementFailure failure = *connection_->failure();
  const bool own = failure.owner == index_ && mode_ != Mode::optimistic;
  const bool for_closure = failure.meaning == StatementFailure::Meaning::constraint ||
                           failure.meaning == StatementFailure::Meaning::defect;
  if (!own || !for_closure) {
    broken_ = true;
    throw BatchBroken();
  }
  connection_->recover();
  failed_ = true;
  failure.raise();
}

std::int64_t PostgresTx::fetched(std::string_view name, std::string_view text,
                                 std::span<const Value> values, RowSink on_row) {
  refuse_nul(values);
  before_statement(name, text);
  const auto changed = connection_->fetch(name, text, values, on_row);
  if (!changed) on_failure();
  return *changed;
}

std::int64_t PostgresTx::next(std::string_view sequence) {
  return guarded([&] {
    return sequences_.next(sequence, [&](std::string_view name) {
      std::int64_t stored = 0;
      const Value values[] = {name};
      const auto take = [&](const Columns& row) { stored = row.integer(0); };
      // Locking changes nothing that a job would have to undo.
      const bool wrote = wrote_;
      fetched(lock_sequence.name, lock_sequence.text, values, RowSink(take));
      wrote_ = wrote;
      return stored;
    });
  });
}

void PostgresTx::fetch(std::string_view name, std::string_view text, std::span<const Value> values,
                       RowSink on_row) {
  guarded([&] { fetched(name, text, values, on_row); });
}

std::int64_t PostgresTx::execute(std::string_view name, std::string_view text,
                                 std::span<const Value> values) {
  const auto ignore = [](const Columns&) {};
  return guarded([&] { return fetched(name, text, values, RowSink(ignore)); });
}

void PostgresTx::enqueue(std::string_view name, std::string_view text,
                         std::span<const Value> values) {
  guarded([&] {
    refuse_nul(values);
    before_statement(name, text);
    connection_->send(name, text, values);
  });
}

void PostgresRead::fetch(std::string_view name, std::string_view text,
                         std::span<const Value> values, RowSink on_row) {
  if (lost_ || connection_.failure()) throw BatchBroken();
  refuse_nul(values);
  try {
    if (connection_.fetch(name, text, values, on_row)) return;
  } catch (const ConnectionLost& lost) {
    lost_ = lost;
    throw BatchBroken();
  }
  StatementFailure failure = *connection_.failure();
  if (failure.state == wrote_state) failure.meaning = StatementFailure::Meaning::defect;
  if (failure.meaning == StatementFailure::Meaning::constraint ||
      failure.meaning == StatementFailure::Meaning::defect) {
    failure.raise();
  }
  throw BatchBroken();
}

}  // namespace molecule::sql
