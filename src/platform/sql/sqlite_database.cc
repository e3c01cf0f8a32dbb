#include "platform/sql/sqlite_database.h"

#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "platform/log/log.h"
#include "platform/sql/migrations.h"

namespace molecule::sql {
namespace {

constexpr int writer_cache_kib = 16'384;
constexpr int reader_cache_kib = 4'096;

constexpr Query<void()> begin_batch{"sqlite.begin", "BEGIN IMMEDIATE"};
constexpr Query<void()> commit_batch{"sqlite.commit", "COMMIT"};
constexpr Query<void()> open_savepoint{"sqlite.savepoint", "SAVEPOINT job"};
constexpr Query<void()> release_savepoint{"sqlite.release", "RELEASE job"};
constexpr Query<void()> undo_savepoint{"sqlite.undo", "ROLLBACK TO job"};
constexpr Query<void()> begin_read{"sqlite.begin_read", "BEGIN"};
constexpr Query<AppliedMigration()> list_migrations{"sqlite.migrations", R"(
    SELECT version, name, checksum FROM schema_migrations ORDER BY version)"};
constexpr Query<void(std::int64_t, std::string, std::string, std::int64_t)> record_migration{
    "sqlite.record_migration", R"(
    INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4))"};

template <class... Args>
std::int64_t run(SqliteConnection& on, const Query<void(Args...)>& query,
                 const std::type_identity_t<Args>&... args) {
  const Value values[] = {to_value(args)..., Value{}};
  return on.run(on.prepare(query.name, query.text), query.name, std::span(values, sizeof...(Args)));
}

// What must be free beside the store before one that was full counts as usable again: a full disk
// nearly always has room for something small.
constexpr off_t room = 1 << 20;

// Takes the room and gives it back, so limits and quotas count as well as free blocks.
void require_room(const std::string& path) {
  std::string beside = path.substr(0, path.rfind('/') + 1);
  if (beside.empty()) beside = ".";
  int file = ::open(beside.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (file < 0) return;  // Without unnamed files; the write that follows has to show it.
  int error = ::posix_fallocate(file, 0, room);
  ::close(file);
  if (error != 0)
    throw StoreLost{fmt::format("no room beside the store: {}", std::strerror(error)), false};
}

class Target final : public MigrationTarget {
 public:
  explicit Target(SqliteConnection& connection) : connection_(connection) {}

  void execute(const std::string& statements) override {
    try {
      connection_.execute(statements);
    } catch (const StoreLost& loss) {
      throw unavailable(fmt::format("the store failed: {}", loss.cause));
    } catch (const ConstraintViolation& violation) {
      throw internal(violation.what());
    } catch (const Fault&) {
      throw internal(connection_.last_message());
    }
  }
  std::vector<AppliedMigration> applied() override {
    std::vector<AppliedMigration> rows;
    auto& statement = connection_.prepare(list_migrations.name, list_migrations.text);
    const auto collect = [&](const Columns& row) {
      rows.push_back({row.integer(0), std::string(row.text(1)), std::string(row.text(2))});
    };
    connection_.query(statement, list_migrations.name, {}, RowSink(collect));
    return rows;
  }
  void record(const AppliedMigration& migration, std::int64_t at_micros) override {
    run(connection_, record_migration, migration.version, migration.name, migration.checksum,
        at_micros);
  }
  std::string_view rowid_type() const override { return "INTEGER PRIMARY KEY"; }
  bool shared() const override { return false; }

 private:
  SqliteConnection& connection_;
};

}  // namespace

// The write transaction that closures see; one object serves all jobs of all batches.
class SqliteDatabase::Transaction final : public Tx {
  // A closure that swallows every exception must not turn a lost store into an acknowledged write.
  template <class Fn>
  auto guarded(Fn&& fn) {
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

 public:
  explicit Transaction(Interference* interference) : interference_(interference) {}

  void begin_batch(SqliteConnection& connection) {
    connection_ = &connection;
    sequences_.begin_batch();
    actions_.begin_batch();
    lost_.reset();
  }
  // Without savepoints a job that fails after it wrote costs the whole batch.
  void begin_job(bool savepoints) {
    savepoints_ = savepoints;
    savepoint_ = false;
    wrote_ = false;
    violated_ = false;
    sequences_.mark();
    actions_.mark();
  }
  // False when what the job wrote can only be undone with the rest of the batch.
  bool end_job(bool keep) {
    if (lost_) throw StoreLost(*lost_);
    if (!connection_->in_transaction())
      throw StoreLost{"the engine ended the transaction by itself"};
    if (keep && !violated_) {
      if (savepoint_) run_plain(release_savepoint);
      return true;
    }
    if (savepoint_) {
      run_plain(undo_savepoint);
      run_plain(release_savepoint);
    }
    sequences_.back_to_mark();
    actions_.back_to_mark();
    return savepoint_ || !wrote_;
  }
  void write_sequences() {
    sequences_.write_back([&](const std::string& name, std::int64_t value) {
      sql::run(*connection_, write_sequence, name, value);
    });
  }
  CommitActions& actions() { return actions_; }

  std::int64_t next(std::string_view sequence) override {
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
  void after_commit(std::move_only_function<void()> action) override {
    actions_.after_commit(std::move(action));
  }
  void after_batch(const void* owner, std::move_only_function<void()> action) override {
    actions_.after_batch(owner, std::move(action));
  }

 protected:
  void fetch(std::string_view name, std::string_view text, std::span<const Value> values,
             RowSink on_row) override {
    guarded([&] {
      interfere(name);
      auto& statement = connection_->prepare(name, text);
      protect(statement);
      connection_->query(statement, name, values, on_row);
    });
  }
  std::int64_t execute(std::string_view name, std::string_view text,
                       std::span<const Value> values) override {
    return guarded([&] {
      interfere(name);
      auto& statement = connection_->prepare(name, text);
      protect(statement);
      return connection_->run(statement, name, values);
    });
  }
  void enqueue(std::string_view name, std::string_view text,
               std::span<const Value> values) override {
    execute(name, text, values);
  }

 private:
  void run_plain(const Query<void()>& query) { sql::run(*connection_, query); }
  void interfere(std::string_view name) const {
    if (interference_ && interference_->lose_before(name))
      throw StoreLost{"lost before a statement"};
  }
  // A job that fails before it writes has nothing to undo.
  void protect(const SqliteConnection::Statement& statement) {
    if (wrote_ || !statement.writes()) return;
    wrote_ = true;
    if (!savepoints_) return;
    run_plain(open_savepoint);
    savepoint_ = true;
  }
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

class SqliteDatabase::Snapshot final : public Read {
 public:
  explicit Snapshot(SqliteConnection& connection) : connection_(connection) {}
  void end() const {
    if (lost_) throw StoreLost(*lost_);
  }

 protected:
  void fetch(std::string_view name, std::string_view text, std::span<const Value> values,
             RowSink on_row) override {
    try {
      auto& statement = connection_.prepare(name, text);
      if (statement.writes()) throw internal(fmt::format("the query {} writes; use write()", name));
      connection_.query(statement, name, values, on_row);
    } catch (const StoreLost& loss) {
      lost_ = loss;
      throw;
    }
  }

 private:
  SqliteConnection& connection_;
  std::optional<StoreLost> lost_;
};

SqliteDatabase::SqliteDatabase(const Settings& settings, metrics::Registry& registry)
    : StoreThreads(settings, registry, "sqlite"),
      in_memory_(settings.path == ":memory:"),
      transaction_(std::make_unique<Transaction>(settings_.interference.get())),
      readers_(static_cast<std::size_t>(std::max(1, settings.readers))) {
  writer_ = std::make_unique<SqliteConnection>(settings_.path, SqliteConnection::Create::yes,
                                               writer_cache_kib);
  reads_on_writer_ = in_memory_;
  if (!in_memory_) {
    checkpointer_ = std::make_unique<SqliteCheckpointer>(settings_.path,
                                                         SqliteCheckpointer::Limits(), registry);
  }
  start();
}

SqliteDatabase::~SqliteDatabase() { stop(); }

void SqliteDatabase::migrate(std::span<const Migration> migrations) {
  std::lock_guard lock(writer_mutex_);
  Target target(*writer_);
  run_migrations(target, migrations);
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
  if (writer_ && (in_memory_ || !writer_->moved())) return;
  if (writer_) {
    drop_writer();
    throw StoreLost{"the store's file was moved or deleted"};
  }
  try {
    // Never created here: an empty store in place of a lost one would be worse than none.
    writer_ = std::make_unique<SqliteConnection>(settings_.path, SqliteConnection::Create::no,
                                                 writer_cache_kib);
  } catch (const Fault& fault) {
    throw StoreLost{fault.text()};
  }
  generation_.fetch_add(1, std::memory_order_relaxed);
}

void SqliteDatabase::drop_writer() noexcept {
  // A store in memory lives and dies with its connection.
  if (!in_memory_) writer_.reset();
}

void SqliteDatabase::begin() {
  run(*writer_, begin_batch);
  transaction_->begin_batch(*writer_);
}

bool SqliteDatabase::run_in_batch(detail::Job& job, bool savepoints) {
  if (job.reads) {
    Snapshot snapshot(*writer_);
    run_closure(job, snapshot);
    snapshot.end();
    return true;
  }
  transaction_->begin_job(savepoints);
  run_closure(job, *transaction_);
  return transaction_->end_job(!job.failure);
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
  transaction_->write_sequences();
  const auto fate = batch.empty() ? Interference::Commit::goes_through : interference_at_commit();
  const auto committing = [&](bool now) {
    for (detail::Job* job : batch) job->committing = now && !job->failure;
  };
  committing(true);
  if (fate == Interference::Commit::lost_undone) throw StoreLost{"lost at the commit"};
  try {
    run(*writer_, commit_batch);
  } catch (const StoreLost& loss) {
    // A commit that was refused before it reached the disk is known to have left nothing.
    if (!loss.disk_failed) committing(false);
    throw;
  }
  if (fate == Interference::Commit::lost_done) throw StoreLost{"lost behind the commit"};
  transaction_->actions().run();
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
    if (checkpointer_ && checkpointer_->committed(writer_->log_pages())) writer_->checkpoint();
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
  if (!in_memory_) require_room(settings_.path);
  try {
    begin();
    run(*writer_, write_sequence, "store.probe", static_cast<std::int64_t>(generation_.load()));
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
  if (writer_) writer_->checkpoint();
}

void SqliteDatabase::read_one(std::size_t reader, detail::Job& job) {
  require_reachable();
  Reader& mine = readers_[reader];
  const std::uint64_t generation = generation_.load(std::memory_order_relaxed);
  try {
    if (!mine.connection || mine.generation != generation) {
      mine.connection = std::make_unique<SqliteConnection>(
          settings_.path, SqliteConnection::Create::no, reader_cache_kib);
      mine.generation = generation;
    }
    run(*mine.connection, begin_read);
    Snapshot snapshot(*mine.connection);
    run_closure(job, snapshot);
    snapshot.end();
    run(*mine.connection, commit_batch);
  } catch (const Fault& fault) {
    mine.connection.reset();
    throw StoreLost{fault.text()};
  } catch (...) {
    mine.connection.reset();
    throw;
  }
}

}  // namespace molecule::sql
