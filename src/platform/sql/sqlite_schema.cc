#include "platform/sql/sqlite_schema.h"

#include <fmt/format.h>

#include "platform/sql/migrations.h"
#include "platform/sql/store_threads.h"

namespace molecule::sql {
namespace {

constexpr Query<AppliedMigration()> list_migrations{"sqlite.migrations", R"(
    SELECT version, name, checksum FROM schema_migrations ORDER BY version)"};
constexpr Query<void(std::int64_t, std::string, std::string, std::int64_t)> record_migration{
    "sqlite.record_migration", R"(
    INSERT INTO schema_migrations (version, name, checksum, applied_at) VALUES ($1, $2, $3, $4))"};

constexpr Query<std::int64_t()> count_schemas{"sqlite.count_schemas", R"(
    SELECT COUNT(*) FROM sqlite_schema WHERE name = 'schema_migrations')"};
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
    const Value values[] = {to_value(migration.version), to_value(migration.name),
                            to_value(migration.checksum), to_value(at_micros)};
    connection_.run(connection_.prepare(record_migration.name, record_migration.text),
                    record_migration.name, values);
  }
  std::string_view rowid_type() const override { return "INTEGER PRIMARY KEY"; }
  bool shared() const override { return false; }

 private:
  SqliteConnection& connection_;
};

}  // namespace

bool sqlite_is_empty(SqliteConnection& connection) {
  std::int64_t count = 0;
  const auto take = [&](const Columns& row) { count = row.integer(0); };
  connection.query(connection.prepare(count_schemas.name, count_schemas.text), count_schemas.name,
                   {}, RowSink(take));
  return count == 0;
}

void migrate_sqlite(SqliteConnection& connection, std::span<const Migration> migrations) {
  Target target(connection);
  run_migrations(target, migrations);
}

}  // namespace molecule::sql
