#include "platform/sql/database.h"

#include <fmt/format.h>

#include "platform/sql/postgres_database.h"
#include "platform/sql/sqlite_database.h"

namespace molecule::sql {

void column_mismatch(std::size_t column, const char* expected) {
  throw internal(fmt::format("column {} is not {}", column + 1, expected));
}

void refuse_nul(std::span<const Value> values) {
  for (const Value& value : values) {
    const auto* text = std::get_if<std::string_view>(&value);
    if (text && text->find('\0') != std::string_view::npos)
      throw bad_request("text must not hold a NUL character");
  }
}

void Statements::missing_row(std::string_view name) {
  throw internal(fmt::format("the query {} gave no row", name));
}

std::unique_ptr<Database> open(const Settings& settings, metrics::Registry& registry) {
  if (settings.url.starts_with("postgresql://") || settings.url.starts_with("postgres://")) {
    return std::make_unique<PostgresDatabase>(settings, registry);
  }
  if (!settings.url.empty()) throw bad_request("DATABASE_URL must begin with postgresql://");
  if (settings.path.empty()) throw bad_request("the store needs a path or a postgresql:// URL");
  return std::make_unique<SqliteDatabase>(settings, registry);
}

}  // namespace molecule::sql
