#include "platform/sql/postgres_schema.h"

#include <cstdlib>
#include <memory>

#include <fmt/format.h>

#include "platform/log/log.h"
#include "platform/sql/libpq.h"
#include "platform/sql/migrations.h"
#include "platform/sql/postgres_owner.h"
#include "platform/sql/store_facts.h"

namespace molecule::sql {
namespace {

// Any number will do as long as every replica takes the same.
constexpr std::string_view lock_schema = "SELECT pg_advisory_lock(7235041882004951)";

// A step of a migration may rewrite a table, and another replica's is waited for.
constexpr std::chrono::minutes statement_max{10};

class PlainConnection {
 public:
  explicit PlainConnection(const Settings& settings)
      : pq_(Libpq::get()), handle_(pq_.connect(settings.url, settings.connect_max)) {
    pq_.set_notice_receiver(handle_.get(), [](void*, const PGresult*) {}, nullptr);
  }
  using Result = Libpq::Result;

  Result execute(const std::string& statements) {
    return checked(pq_.execute(handle_.get(), statements.c_str(),
                               std::chrono::steady_clock::now() + statement_max));
  }
  Result prepare(const std::string& text) {
    return checked(
        Result(pq_.prepare(handle_.get(), "", text.c_str(), 0, nullptr), Libpq::Clear{&pq_}));
  }
  const Libpq& pq() const { return pq_; }

 private:
  std::string message() const {
    std::string text = pq_.error_message(handle_.get());
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }
  Result checked(Result result) {
    if (!result) throw unavailable("PostgreSQL did not answer while its tables were made ready");
    const ExecStatusType status = pq_.result_status(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY) {
      throw internal(message());
    }
    return result;
  }

  const Libpq& pq_;
  Libpq::Connection handle_;
};

class Facts final : public FactsTarget {
 public:
  // Outside a transaction: what the server does not tell this user must not end one.
  explicit Facts(PlainConnection& connection) : connection_(connection) {
    // A table that was dumped and restored has another number, a database too; a cluster that was
    // put back to an earlier point goes on under another timeline.
    place_ =
        first(
            "SELECT (SELECT oid FROM pg_database WHERE datname = current_database()) || ' ' || "
            "CAST(CAST('store_facts' AS regclass) AS oid)")
            .value_or("");
    try {
      place_ += first(
                    "SELECT ' ' || (SELECT system_identifier FROM pg_control_system()) || ' ' || "
                    "(SELECT timeline_id FROM pg_control_checkpoint())")
                    .value_or("");
    } catch (const Fault& refusal) {
      log::info("the server does not say which cluster it is", log::field("cause", refusal.text()));
    }
  }

  std::optional<std::string> fact(std::string_view name) override {
    return first(fmt::format("SELECT value FROM store_facts WHERE name = {}", quoted(name)));
  }
  void set_fact(std::string_view name, std::string_view value) override {
    connection_.execute(fmt::format(
        "INSERT INTO store_facts (name, value) VALUES ({}, {}) ON CONFLICT (name) DO UPDATE SET value = "
        "excluded.value",
        quoted(name), quoted(value)));
  }
  std::int64_t sequence(std::string_view name) override {
    const auto value =
        first(fmt::format("SELECT value FROM sequences WHERE name = {}", quoted(name)));
    return value ? std::atoll(value->c_str()) : 0;
  }
  void set_sequence(std::string_view name, std::int64_t value) override {
    connection_.execute(fmt::format(
        "INSERT INTO sequences (name, value) VALUES ({}, {}) ON CONFLICT (name) DO UPDATE SET value = "
        "excluded.value",
        quoted(name), value));
  }
  std::string place() override { return place_; }

 private:
  static std::string quoted(std::string_view text) {
    // Names and values are ours; a quote in one would be a defect.
    if (text.find('\'') != std::string_view::npos) throw internal("a store's fact holds no quote");
    return fmt::format("'{}'", text);
  }
  std::optional<std::string> first(const std::string& statement) {
    const auto result = connection_.execute(statement);
    const Libpq& pq = connection_.pq();
    if (pq.rows(result.get()) == 0) return std::nullopt;
    return pq.value(result.get(), 0, 0);
  }
  PlainConnection& connection_;
  std::string place_;
};

class Target final : public MigrationTarget {
 public:
  explicit Target(PlainConnection& connection) : connection_(connection) {}

  void execute(const std::string& statements) override { connection_.execute(statements); }
  std::vector<AppliedMigration> applied() override {
    const auto result = connection_.execute(
        "SELECT version, name, checksum FROM schema_migrations ORDER BY version");
    const Libpq& pq = connection_.pq();
    std::vector<AppliedMigration> rows;
    for (int row = 0; row < pq.rows(result.get()); ++row) {
      rows.push_back({std::atoll(pq.value(result.get(), row, 0)), pq.value(result.get(), row, 1),
                      pq.value(result.get(), row, 2)});
    }
    return rows;
  }
  void record(const AppliedMigration& migration, std::int64_t at_micros) override {
    // Names come from our own tables of migrations; a quote in one would be a defect.
    if (migration.name.find('\'') != std::string::npos)
      throw internal("a migration's name holds no quote");
    execute(fmt::format(
        "INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ({}, '{}', '{}', {})",
        migration.version, migration.name, migration.checksum, at_micros));
  }
  std::string_view rowid_type() const override { return "BIGINT PRIMARY KEY"; }
  bool shared() const override { return true; }

 private:
  PlainConnection& connection_;
};

// Whether a session has the lock of postgres_owner.cc.
bool holds_store(PlainConnection& connection, std::int64_t session) {
  const auto result = connection.execute(fmt::format(
      "SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = {} "
      "AND classid = {} AND objsubid = 2 AND objid = COALESCE((SELECT oid FROM pg_namespace "
      "WHERE nspname = current_schema()), 0) "
      "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
      session, store_lock));
  return std::string_view(connection.pq().value(result.get(), 0, 0)) == "t";
}

}  // namespace

void migrate_postgres(const Settings& settings, std::span<const Migration> migrations) {
  PlainConnection connection(settings);
  // Replicas that start together take turns; the lock goes with the connection.
  connection.execute(std::string(lock_schema));
  Target target(connection);
  run_migrations(target, migrations);
}

bool postgres_is_empty(const Settings& settings) {
  PlainConnection connection(settings);
  const auto result = connection.execute("SELECT to_regclass('schema_migrations') IS NULL");
  return std::string_view(connection.pq().value(result.get(), 0, 0)) == "t";
}

void take_over_postgres(const Settings& settings, StoreMark& mark, std::string_view numbering,
                        Instant now, std::int64_t holder) {
  PlainConnection connection(settings);
  Facts facts(connection);
  // What goes wrong in between ends the connection and with it the transaction.
  connection.execute("BEGIN");
  const Takeover taken = take_over(facts, mark, numbering, now, settings.create);
  // Behind the write: whoever takes the store over from here on waits for it and writes last.
  if (holder != 0 && !holds_store(connection, holder)) {
    throw conflict("store_in_use",
                   "the connection that held the PostgreSQL store was lost at the start, and "
                   "another platform may use it; start again");
  }
  connection.execute("COMMIT");
  mark.write(taken.store, {}, taken.seen);
}

void check_postgres_prepares(const Settings& settings, std::string_view name,
                             std::string_view text) {
  PlainConnection connection(settings);
  try {
    connection.prepare(std::string(text));
  } catch (const Fault& fault) {
    throw internal(fmt::format("{}: {}", name, fault.text()));
  }
}

}  // namespace molecule::sql
