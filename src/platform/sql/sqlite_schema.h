// Start-up work on SQLite: whether there is a schema, and bringing it up, on the writer's
// connection.
#pragma once

#include <span>

#include "platform/sql/sqlite_connection.h"

namespace molecule::sql {

bool sqlite_is_empty(SqliteConnection& connection);  // No schema was ever brought up in it.
void migrate_sqlite(SqliteConnection& connection, std::span<const Migration> migrations);

}  // namespace molecule::sql
