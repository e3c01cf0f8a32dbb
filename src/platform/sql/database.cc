#include "platform/sql/database.h"

#include <fmt/format.h>

#include "platform/sql/sqlite_database.h"

namespace molecule::sql {

void column_mismatch(std::size_t column, const char* expected) {
  throw internal(fmt::format("column {} is not {}", column + 1, expected));
}

void Statements::missing_row(std::string_view name) {
  throw internal(fmt::format("the query {} gave no row", name));
}

std::unique_ptr<Database> open(const Settings& settings, metrics::Registry& registry) {
  if (settings.path.empty()) throw bad_request("the store needs a path or a postgresql:// URL");
  return std::make_unique<SqliteDatabase>(settings, registry);
}

}  // namespace molecule::sql
