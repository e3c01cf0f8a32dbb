#include "platform/sql/sqlite_takeover.h"

#include <fmt/format.h>

#include "platform/sql/file_place.h"
#include "platform/sql/sequences.h"
#include "platform/sql/store_threads.h"

namespace molecule::sql {
namespace {

constexpr Query<std::int64_t()> schema_number{"sqlite.schema_number", "PRAGMA schema_version"};

class Target final : public FactsTarget {
 public:
  Target(SqliteConnection& connection, std::string database)
      : connection_(connection), database_(std::move(database)) {}

  std::optional<std::string> fact(std::string_view name) override {
    std::optional<std::string> value;
    const Value values[] = {name};
    ask(read_fact.name, read_fact.text, values, [&](const Columns& row) { value = row.text(0); });
    return value;
  }
  void set_fact(std::string_view name, std::string_view value) override {
    const Value values[] = {name, value};
    ask(write_fact.name, write_fact.text, values, [](const Columns&) {});
  }
  std::int64_t sequence(std::string_view name) override {
    const Value values[] = {name};
    return number(read_sequence.name, read_sequence.text, values);
  }
  void set_sequence(std::string_view name, std::int64_t value) override {
    const Value values[] = {name, value};
    ask(write_sequence.name, write_sequence.text, values, [](const Columns&) {});
  }
  std::string place() override { return file_place(database_).value_or("unknown"); }

  std::int64_t number(std::string_view name, std::string_view text,
                      std::span<const Value> values = {}) {
    std::int64_t found = 0;
    ask(name, text, values, [&](const Columns& row) { found = row.integer(0); });
    return found;
  }

 private:
  template <class OnRow>
  void ask(std::string_view name, std::string_view text, std::span<const Value> values,
           OnRow&& on_row) {
    connection_.query(connection_.prepare(name, text), name, values, RowSink(on_row));
  }

  SqliteConnection& connection_;
  const std::string database_;
};

Takeover in_one_transaction(SqliteConnection& connection, Target& target, StoreMark& mark,
                            std::string_view numbering, Instant now, bool begin_anew) {
  connection.execute("BEGIN IMMEDIATE");
  try {
    const Takeover taken = take_over(target, mark, numbering, now, begin_anew);
    connection.execute(fmt::format("PRAGMA user_version={}", mark.run()));
    connection.execute("COMMIT");
    return taken;
  } catch (...) {
    connection.execute_unchecked("ROLLBACK");
    throw;
  }
}

}  // namespace

std::vector<FileHeader> take_over_sqlite(SqliteConnection& connection, const std::string& database,
                                         StoreMark& mark, std::string_view numbering, Instant now,
                                         bool begin_anew) {
  try {
    Target target(connection, database);
    const FileHeader before = connection.header();
    const Takeover taken = in_one_transaction(connection, target, mark, numbering, now, begin_anew);
    const FileHeader own{mark.run(), static_cast<std::uint32_t>(
                                         target.number(schema_number.name, schema_number.text))};
    // A crash in the middle may leave the file in either state, beside a log that is its own.
    mark.write(taken.store, {before, own}, taken.seen);
    if (!connection.checkpoint_whole()) return {before, own};
    mark.write(taken.store, {own}, taken.seen);
    return {own};
  } catch (const StoreLost& loss) {
    throw unavailable(fmt::format("the store failed: {}", loss.cause));
  }
}

}  // namespace molecule::sql
