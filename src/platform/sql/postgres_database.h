// The store on a PostgreSQL server, shared by replicas. The writer sends the statements of a whole
// batch down one pipelined connection inside one transaction; readers have connections of their
// own.
//
// A batch runs optimistically, without savepoints. When one of its jobs has to be undone or fails,
// the batch is rolled back and run again: the guilty job alone, the others together under
// savepoints, and after batch_attempts each by itself. So one bad transaction costs time but never
// takes another along.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "platform/sql/postgres_connection.h"
#include "platform/sql/postgres_owner.h"
#include "platform/sql/postgres_transaction.h"
#include "platform/sql/store_threads.h"

namespace molecule::sql {

class PostgresDatabase final : public StoreThreads {
 public:
  PostgresDatabase(const Settings& settings, metrics::Registry& registry);
  ~PostgresDatabase() override;

  void migrate(std::span<const Migration> migrations) override;
  void take_over(StoreMark& mark, std::string_view numbering, Instant now) override;
  bool found_empty() const override { return found_empty_; }
  void check_prepares(std::string_view name, std::string_view text) override;
  bool taken_over() const override { return owner_.taken_over(); }
  std::string_view engine() const override { return "postgresql"; }

 private:
  static constexpr int batch_attempts = 4;  // Of a batch as a whole.
  static constexpr int alone_attempts =
      5;  // Of one transaction, at serialisation failures or a lost connection.
  static constexpr int careful_batches =
      64;  // With savepoints from the start, after one had to be undone.
  static constexpr std::chrono::milliseconds backoff_min{100};
  static constexpr std::chrono::milliseconds backoff_max{4'000};

  // One connection that is opened again when it was lost, at most once per back-off.
  struct Line {
    std::unique_ptr<PostgresConnection> connection;
    std::chrono::steady_clock::time_point not_before{};
    std::chrono::milliseconds backoff{0};
  };
  struct Outcome {
    enum class What { done, again, guilty } what = What::done;
    std::size_t index = 0;  // Of the guilty job.
  };

  void write_batch(std::span<detail::Job* const> batch) override;
  void probe() override;
  void quiet() override {}
  void check() override;
  std::chrono::milliseconds check_every() const override { return settings_.ping_every; }
  void read_one(std::size_t reader, detail::Job& job) override;

  enum class Why { work, probe };
  PostgresConnection& connected(Line& line, Why why = Why::work);
  StoreLost dropped(Line& line, const ConnectionLost& lost);
  Outcome attempt(std::span<detail::Job* const> jobs, PostgresTx::Mode mode);
  Outcome run_jobs(PostgresConnection& on, std::span<detail::Job* const> jobs,
                   PostgresTx::Mode mode);
  Outcome commit(PostgresConnection& on, std::span<detail::Job* const> jobs);
  Outcome undo(PostgresConnection& on, std::size_t guilty);
  bool try_alone(PostgresConnection& on, detail::Job& job);
  void run_alone(detail::Job& job);
  bool read_once(Line& line, detail::Job& job);

  PostgresOwner owner_;  // Used by the writer's thread alone once that runs.
  bool found_empty_ = false;
  Line writer_;
  std::vector<Line> readers_;
  PostgresTx transaction_;
  std::optional<StatementFailure> last_failure_;  // That undo() found.
  bool commit_sent_ = false;
  int careful_ = 0;
};

}  // namespace molecule::sql
