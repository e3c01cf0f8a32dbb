#include "platform/sql/sqlite_transaction.h"

#include <fmt/format.h>

namespace molecule::sql {
namespace {

constexpr Query<void()> open_savepoint{"sqlite.savepoint", "SAVEPOINT job"};
constexpr Query<void()> release_savepoint{"sqlite.release", "RELEASE job"};
constexpr Query<void()> undo_savepoint{"sqlite.undo", "ROLLBACK TO job"};

}  // namespace

void SqliteTx::begin_batch(SqliteConnection& connection) {
  connection_ = &connection;
  sequences_.begin_batch();
  actions_.begin_batch();
  lost_.reset();
}

void SqliteTx::begin_job(bool savepoints) {
  savepoints_ = savepoints;
  savepoint_ = false;
  wrote_ = false;
  violated_ = false;
  sequences_.mark();
  actions_.mark();
}

bool SqliteTx::end_job(bool keep) {
  if (lost_) throw StoreLost(*lost_);
  if (!connection_->in_transaction()) throw StoreLost{"the engine ended the transaction by itself"};
  if (keep && !violated_) {
    if (savepoint_) connection_->run(release_savepoint);
    return true;
  }
  if (savepoint_) {
    connection_->run(undo_savepoint);
    connection_->run(release_savepoint);
  }
  sequences_.back_to_mark();
  actions_.back_to_mark();
  return savepoint_ || !wrote_;
}

void SqliteTx::write_sequences() {
  sequences_.write_back([&](const std::string& name, std::int64_t value) {
    connection_->run(write_sequence, name, value);
  });
}

// A closure that swallows every exception must not turn a lost store into an acknowledged write.
template <class Fn>
auto SqliteTx::guarded(Fn&& fn) {
  if (lost_) throw StoreLost(*lost_);
  if (violated_)
    throw internal("a transaction that broke a constraint takes no further statements");
  try {
    return fn();
  } catch (const StoreLost& loss) {
    lost_ = loss;
    throw;
  } catch (const ConstraintViolation&) {
    violated_ = true;
    throw;
  }
}

void SqliteTx::interfere(std::string_view name) const {
  if (interference_ && interference_->lose_before(name)) throw StoreLost{"lost before a statement"};
}

// A job that fails before it writes has nothing to undo.
void SqliteTx::protect(const SqliteConnection::Statement& statement) {
  if (wrote_ || !statement.writes()) return;
  wrote_ = true;
  if (!savepoints_) return;
  connection_->run(open_savepoint);
  savepoint_ = true;
}

std::int64_t SqliteTx::next(std::string_view sequence) {
  return guarded([&] {
    return sequences_.next(sequence, [&](std::string_view name) {
      interfere(read_sequence.name);
      std::int64_t value = 0;
      const Value values[] = {name};
      const auto take = [&](const Columns& row) { value = row.integer(0); };
      connection_->query(connection_->prepare(read_sequence.name, read_sequence.text),
                         read_sequence.name, values, RowSink(take));
      return value;
    });
  });
}

void SqliteTx::fetch(std::string_view name, std::string_view text, std::span<const Value> values,
                     RowSink on_row) {
  guarded([&] {
    interfere(name);
    auto& statement = connection_->prepare(name, text);
    protect(statement);
    connection_->query(statement, name, values, on_row);
  });
}

std::int64_t SqliteTx::execute(std::string_view name, std::string_view text,
                               std::span<const Value> values) {
  return guarded([&] {
    interfere(name);
    auto& statement = connection_->prepare(name, text);
    protect(statement);
    return connection_->run(statement, name, values);
  });
}

void SqliteRead::end() const {
  if (lost_) throw StoreLost(*lost_);
}

void SqliteRead::fetch(std::string_view name, std::string_view text, std::span<const Value> values,
                       RowSink on_row) {
  try {
    auto& statement = connection_.prepare(name, text);
    if (statement.writes()) throw internal(fmt::format("the query {} writes; use write()", name));
    connection_.query(statement, name, values, on_row);
  } catch (const StoreLost& loss) {
    lost_ = loss;
    throw;
  }
}

}  // namespace molecule::sql
