// The store. One interface over SQLite (embedded) and PostgreSQL (scaled out).
//
// Work is a closure that runs on a store thread inside one transaction and returns a value:
//
//   auto settled = co_await db.write([=](sql::Tx& tx) { return tx.optional(settle, id, now); });
//
// write() resumes its caller only when the transaction is on disk. Writes of many callers share one
// commit (group commit); each runs under its own savepoint, so one that throws undoes itself only.
// The closure captures values, may be run again when an engine asks for a retry, and does nothing
// but SQL. A Fault it throws reaches the caller. A lost or full store throws Fault unavailable,
// undoes everything not yet acknowledged, and recovers by itself. When it was lost while a commit
// was under way nobody knows what it kept: then the Fault is a CommitUnknown, and only reading
// again tells. Any other Fault means that nothing was written.
//
// A broken constraint throws ConstraintViolation (violation.h) from the statement; the transaction
// is then undone whatever the closure does. A closure may catch it to throw a Fault that says more,
// or to return a value, which its caller receives; further statements are refused.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fault.h"
#include "platform/io/loop.h"
#include "platform/sql/interference.h"
#include "platform/sql/query.h"
#include "platform/sql/value.h"
#include "platform/sql/violation.h"

namespace molecule::metrics {
class Registry;
}

namespace molecule::sql {

class StoreMark;

// The store was lost between the commit and its answer: the transaction is stored whole, or not at
// all. Whoever must know reads again once the store is back. Its after_commit actions never run.
class CommitUnknown final : public Fault {
 public:
  static constexpr std::string_view machine_code = "commit_unknown";
  CommitUnknown()
      : Fault(Kind::unavailable, std::string(machine_code),
              "the platform datastore was lost while it stored this; it may or may not have been "
              "kept — ask again with the same id") {}
};

// Statements inside one transaction. Only valid during the closure, on the store's thread.
class Statements {
 public:
  virtual ~Statements() = default;

  template <class Row, class... Args>
  std::vector<Row> all(const Query<Row(Args...)>& query,
                       const std::type_identity_t<Args>&... args) {
    std::vector<Row> rows;
    const Value values[] = {to_value(args)..., Value{}};
    fetch(query.name, query.text, std::span(values, sizeof...(Args)),
          RowSink([&](const Columns& row) { rows.push_back(from_row<Row>(row)); }));
    return rows;
  }
  template <class Row, class... Args>
  std::optional<Row> optional(const Query<Row(Args...)>& query,
                              const std::type_identity_t<Args>&... args) {
    std::optional<Row> found;
    const Value values[] = {to_value(args)..., Value{}};
    fetch(query.name, query.text, std::span(values, sizeof...(Args)),
          RowSink([&](const Columns& row) {
            if (!found) found.emplace(from_row<Row>(row));
          }));
    return found;
  }
  // For statements that always give a row; none is a defect.
  template <class Row, class... Args>
  Row one(const Query<Row(Args...)>& query, const std::type_identity_t<Args>&... args) {
    auto found = optional(query, args...);
    if (!found) missing_row(query.name);
    return std::move(*found);
  }

 protected:
  virtual void fetch(std::string_view name, std::string_view text, std::span<const Value> values,
                     RowSink on_row) = 0;
  [[noreturn]] static void missing_row(std::string_view name);
};

// A read transaction: one consistent snapshot.
class Read : public Statements {};

// A write transaction.
class Tx : public Statements {
 public:
  // Runs the statement and answers how many rows it changed.
  template <class... Args>
  std::int64_t run(const Query<void(Args...)>& query, const std::type_identity_t<Args>&... args) {
    const Value values[] = {to_value(args)..., Value{}};
    return execute(query.name, query.text, std::span(values, sizeof...(Args)));
  }
  // As run, when nobody needs the count: PostgreSQL sends it without waiting for an answer. A
  // failure still fails this transaction. The engine copies the values.
  template <class... Args>
  void post(const Query<void(Args...)>& query, const std::type_identity_t<Args>&... args) {
    const Value values[] = {to_value(args)..., Value{}};
    enqueue(query.name, query.text, std::span(values, sizeof...(Args)));
  }
  // The next number of a named sequence: dense, ascending in commit order, across processes too.
  // The numbers of a transaction that is undone are given out again.
  virtual std::int64_t next(std::string_view sequence) = 0;
  // Runs once the transaction is durable, on the store's thread, in commit order, before the writer
  // of this transaction resumes. Must be short and must not throw. Dropped when the transaction is
  // undone.
  virtual void after_commit(std::move_only_function<void()> action) = 0;
  // As after_commit, but once for all transactions that shared the commit, however many of them
  // asked in the name of `owner`, and after all their other actions: for what wakes others.
  virtual void after_batch(const void* owner, std::move_only_function<void()> action) = 0;

 protected:
  virtual std::int64_t execute(std::string_view name, std::string_view text,
                               std::span<const Value> values) = 0;
  virtual void enqueue(std::string_view name, std::string_view text,
                       std::span<const Value> values) = 0;
};

struct Settings {
  std::string url;   // postgresql://… ; empty means SQLite at `path`.
  std::string path;  // SQLite file, plain or as file: URI; ":memory:" for tests.
  int readers = 2;   // Read threads, each with its own connection.
  std::size_t queue_max =
      8192;  // Writes, and reads, that may wait; beyond it they are refused (503).
  std::size_t batch_max = 512;                 // Writes that may share one commit.
  std::shared_ptr<Interference> interference;  // Tests only.
  // Where there is no store yet, or an empty one, begin one; otherwise Fault conflict
  // `store_missing`. It also keeps take_over() from refusing a store that the mark does not know.
  bool create = true;
  // This process alone serves from the store: on PostgreSQL a second one gets Fault conflict
  // `store_in_use`, on SQLite the lock of the data directory sees to it.
  bool sole_writer = false;
  std::string mark;  // The StoreMark's file, to know a foreign log by (SQLite); empty: unknown.

  // How long a PostgreSQL server may be silent before it counts as lost. A statement is given up
  // by the server itself a little before `answer_max`.
  std::chrono::milliseconds connect_max{5'000};
  std::chrono::milliseconds answer_max{10'000};
  std::chrono::milliseconds ping_every{2'000};  // When nothing was written, to know.
  std::chrono::milliseconds ping_max{3'000};
};

struct Migration {
  int version;            // 1, 2, 3 … without gaps.
  std::string_view name;  // "workspaces"
  std::string_view text;  // Statements separated by ';'; the same for both engines. {{rowid}}
                          // stands for the type of a dense integer key: INTEGER PRIMARY KEY on
                          // SQLite (its row id), BIGINT PRIMARY KEY on PostgreSQL. A line that
                          // begins with {{shared}} is for PostgreSQL alone.
};

namespace detail {
// One unit of work in a queue. Lives in the waiting coroutine's frame.
struct Job {
  virtual ~Job() = default;
  virtual void run(Tx&) {}
  virtual void run(Read&) {}
  std::exception_ptr failure;  // Set instead of a result.
  io::Completion<void>* done = nullptr;
  Job* next = nullptr;      // In the queue.
  bool reads = false;       // Asked for with read().
  bool settled = false;     // Its outcome is final, whatever happens to the rest of the batch.
  bool committing = false;  // Its commit was asked for and not answered.
};
template <class Access, class Fn, class R>
struct ClosureJob final : Job {
  explicit ClosureJob(Fn fn) : fn_(std::move(fn)) {}
  void run(Access& access) override {
    if constexpr (std::is_void_v<R>) {
      fn_(access);
    } else {
      result.reset();
      result.emplace(fn_(access));
    }
  }
  using Job::run;
  Fn fn_;
  std::optional<std::conditional_t<std::is_void_v<R>, bool, R>> result;
};
}  // namespace detail

class Database {
 public:
  virtual ~Database() = default;

  template <class Fn>
  io::Task<std::invoke_result_t<Fn&, Tx&>> write(Fn fn) {
    using R = std::invoke_result_t<Fn&, Tx&>;
    detail::ClosureJob<Tx, Fn, R> job(std::move(fn));
    io::Completion<void> done([this, &job](io::Completion<void>* completion) {
      job.done = completion;
      submit_write(job);
    });
    co_await done;
    if (job.failure) std::rethrow_exception(job.failure);
    if constexpr (!std::is_void_v<R>) co_return std::move(*job.result);
  }

  template <class Fn>
  io::Task<std::invoke_result_t<Fn&, Read&>> read(Fn fn) {
    using R = std::invoke_result_t<Fn&, Read&>;
    detail::ClosureJob<Read, Fn, R> job(std::move(fn));
    io::Completion<void> done([this, &job](io::Completion<void>* completion) {
      job.done = completion;
      submit_read(job);
    });
    co_await done;
    if (job.failure) std::rethrow_exception(job.failure);
    if constexpr (!std::is_void_v<R>) co_return std::move(*job.result);
  }

  // Brings the schema up, in order, each version in its own transaction with its checksum recorded;
  // refuses a schema that is newer than the program or whose history differs (Fault conflict).
  // Makes the tables schema_migrations and sequences itself. Blocking: start-up only.
  virtual void migrate(std::span<const Migration> migrations) = 0;
  // Takes the store over for this run of the platform, after migrate() and before anything is
  // written: once, by the sole writer. `numbering` is the sequence whose numbers others are told
  // and ask by later; where the store turns out to be a copy, or older than what the mark saw, it
  // leaps, and the sequence "<numbering>.floor" says to where. Writes the mark. Throws Fault
  // conflict `store_differs` when the mark tells of another store. Blocking.
  virtual void take_over(StoreMark& mark, std::string_view numbering, Instant now) = 0;
  virtual bool found_empty() const = 0;  // When it was opened.
  // Compiles a statement without running it, for the test that prepares every query; throws Fault
  // internal with the engine's message. Blocking.
  virtual void check_prepares(std::string_view name, std::string_view text) = 0;
  // False while the store refuses work; readiness follows it.
  virtual bool healthy() const = 0;
  // True once another platform serves from the store, and for good: what this one remembers of it,
  // such as who may do what, is no longer so. Any thread.
  virtual bool taken_over() const { return false; }
  // Grows whenever the outcome of a commit is not known: whoever keeps in memory what the store
  // holds reads again once the store is back. Any thread.
  virtual std::uint64_t unknown_commits() const = 0;
  virtual std::string_view engine() const = 0;  // "sqlite" or "postgresql"

 protected:
  virtual void submit_write(detail::Job& job) = 0;
  virtual void submit_read(detail::Job& job) = 0;
};

// Opens the store that the settings name. Throws Fault with the cause and the next step.
std::unique_ptr<Database> open(const Settings& settings, metrics::Registry& registry);

}  // namespace molecule::sql
