// The transactions that closures see on SQLite. Whatever a closure does with an exception, the
// engine finds out here that the store was lost or a constraint was broken.
#pragma once

#include <optional>

#include "platform/sql/sequences.h"
#include "platform/sql/sqlite_connection.h"
#include "platform/sql/store_threads.h"

namespace molecule::sql {

// The write transaction; one object serves all jobs of all batches.
class SqliteTx final : public Tx {
 public:
  explicit SqliteTx(Interference* interference) : interference_(interference) {}

  void begin_batch(SqliteConnection& connection);
  // Without savepoints a job that fails after it wrote costs the whole batch.
  void begin_job(bool savepoints);
  // False when what the job wrote can only be undone with the rest of the batch.
  bool end_job(bool keep);
  void write_sequences();
  CommitActions& actions() { return actions_; }

  std::int64_t next(std::string_view sequence) override;
  void after_commit(std::move_only_function<void()> action) override {
    actions_.after_commit(std::move(action));
  }
  void after_batch(const void* owner, std::move_only_function<void()> action) override {
    actions_.after_batch(owner, std::move(action));
  }

 protected:
  void fetch(std::string_view name, std::string_view text, std::span<const Value> values,
             RowSink on_row) override;
  std::int64_t execute(std::string_view name, std::string_view text,
                       std::span<const Value> values) override;
  void enqueue(std::string_view name, std::string_view text,
               std::span<const Value> values) override {
    execute(name, text, values);
  }

 private:
  template <class Fn>
  auto guarded(Fn&& fn);
  void interfere(std::string_view name) const;
  void protect(const SqliteConnection::Statement& statement);

  Interference* const interference_;
  SqliteConnection* connection_ = nullptr;
  Sequences sequences_;
  CommitActions actions_;
  std::optional<StoreLost> lost_;
  bool savepoints_ = false;
  bool savepoint_ = false;
  bool wrote_ = false;
  bool violated_ = false;
};

// What a read sees: the last committed batch, or on the writer's connection the batch so far.
class SqliteRead final : public Read {
 public:
  explicit SqliteRead(SqliteConnection& connection) : connection_(connection) {}
  // Throws StoreLost when it was lost on the way.
  void end() const;

 protected:
  void fetch(std::string_view name, std::string_view text, std::span<const Value> values,
             RowSink on_row) override;

 private:
  SqliteConnection& connection_;
  std::optional<StoreLost> lost_;
};

}  // namespace molecule::sql
