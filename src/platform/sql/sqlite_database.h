// The store in one file. One writer thread owns the only connection that writes; each batch is one
// BEGIN IMMEDIATE … COMMIT with a savepoint per transaction, and COMMIT returns after fsync of the
// log. Read threads see the last committed batch and never wait for the writer.
#pragma once

#include <memory>
#include <mutex>

#include "platform/sql/sqlite_checkpointer.h"
#include "platform/sql/sqlite_connection.h"
#include "platform/sql/sqlite_files.h"
#include "platform/sql/sqlite_transaction.h"
#include "platform/sql/store_threads.h"

namespace molecule::sql {

class SqliteDatabase final : public StoreThreads {
 public:
  // By hand only in memory (":memory:").
  SqliteDatabase(const Settings& settings, metrics::Registry& registry,
                 Turns turns = Turns::own_threads);
  ~SqliteDatabase() override;

  void migrate(std::span<const Migration> migrations) override;
  void check_prepares(std::string_view name, std::string_view text) override;
  void take_over(StoreMark& mark, std::string_view numbering, Instant now) override;
  bool found_empty() const override { return found_empty_; }
  std::string_view engine() const override { return "sqlite"; }

 private:
  static constexpr int careful_batches =
      64;  // With savepoints from the start, after one had to be undone.

  struct Reader {
    std::unique_ptr<SqliteConnection> connection;
    std::uint64_t generation = 0;
  };

  void write_batch(std::span<detail::Job* const> batch) override;
  void probe() override;
  void quiet() override;
  void read_one(std::size_t reader, detail::Job& job) override;

  void ensure_writer();
  void require_own_files();
  void require_whole_log(SqliteFiles::Part missing);
  void give_up_damaged_log(const LogCondition& log);
  void move_log();
  void begin();
  bool run_in_batch(detail::Job& job, bool savepoints);
  bool run_batch(std::span<detail::Job* const> batch, bool savepoints);
  void commit(std::span<detail::Job* const> batch);
  void drop_writer() noexcept;

  const bool in_memory_;
  bool found_empty_ = false;
  SqliteFiles files_;
  std::string log_damage_;  // What was found, once and for good: another start takes up the rest.
  std::vector<FileHeader> own_headers_;  // Of the file, since it was taken over.
  std::mutex
      writer_mutex_;  // Held through a batch; lets migrate() and check_prepares() in between.
  std::unique_ptr<SqliteConnection> writer_;
  SqliteTx transaction_;
  int careful_ = 0;
  std::unique_ptr<SqliteCheckpointer> checkpointer_;  // None in memory.
  // Raised when the writer had to be opened again, so that readers do the same: the file may be
  // another.
  std::atomic<std::uint64_t> generation_{1};
  std::vector<Reader> readers_;
};

}  // namespace molecule::sql
