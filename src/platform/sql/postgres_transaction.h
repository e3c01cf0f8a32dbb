// The transactions that closures see on PostgreSQL. Both stop at the first failure of their
// connection: whatever the closure does with the exception, the engine looks at the connection.
#pragma once

#include <optional>
#include <vector>

#include "platform/sql/postgres_connection.h"
#include "platform/sql/sequences.h"
#include "platform/sql/store_threads.h"

namespace molecule::sql {

// Unwinds a closure whose batch cannot go on; the engine runs it again.
struct BatchBroken {};

// One write transaction of a batch, or the only one of its own.
class PostgresTx final : public Tx {
 public:
  enum class Mode {
    optimistic,  // No savepoints; a job that must be undone breaks the batch.
    savepoints,  // One per job; only a failure of an earlier job's post() breaks the batch.
    alone,       // The job has the transaction to itself.
  };

  void set_interference(Interference* interference) { interference_ = interference; }

  void begin_batch(PostgresConnection& connection, Mode mode);
  void begin_job(std::size_t index);
  // Undoes or keeps the job inside its batch. False when that needs the whole batch to be undone.
  bool end_job(bool keep);
  void write_sequences();

  const std::optional<ConnectionLost>& lost() const { return lost_; }
  bool broken() const { return broken_; }
  // A statement of this job failed and its exception was thrown into the closure.
  bool failed() const { return failed_; }
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
               std::span<const Value> values) override;

 private:
  template <class Fn>
  auto guarded(Fn&& fn);
  void before_statement(std::string_view name, std::string_view text);
  [[noreturn]] void on_failure();
  std::int64_t fetched(std::string_view name, std::string_view text, std::span<const Value> values,
                       RowSink on_row);

  Interference* interference_ = nullptr;
  PostgresConnection* connection_ = nullptr;
  Mode mode_ = Mode::alone;
  Sequences sequences_;
  CommitActions actions_;
  std::size_t index_ = 0;
  std::optional<ConnectionLost> lost_;
  bool broken_ = false;
  bool failed_ = false;
  bool savepoint_ = false;
  bool wrote_ = false;
};

class PostgresRead final : public Read {
 public:
  // On a read-only transaction it means that a statement of ours writes, not that the server
  // cannot.
  static constexpr std::string_view wrote_state = "25006";

  explicit PostgresRead(PostgresConnection& connection) : connection_(connection) {}
  const std::optional<ConnectionLost>& lost() const { return lost_; }

 protected:
  void fetch(std::string_view name, std::string_view text, std::span<const Value> values,
             RowSink on_row) override;

 private:
  PostgresConnection& connection_;
  std::optional<ConnectionLost> lost_;
};

}  // namespace molecule::sql
