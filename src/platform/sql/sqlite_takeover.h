// Taking a SQLite store over for one run of the platform: its facts, and the run in the header of
// its file, by which a later start knows whether file and log belong together.
#pragma once

#include <vector>

#include "platform/sql/sqlite_connection.h"
#include "platform/sql/store_facts.h"

namespace molecule::sql {

// With the writer's connection, before anything else is written. Answers the headers that the
// database file may have during this run.
std::vector<FileHeader> take_over_sqlite(SqliteConnection& connection, const std::string& database,
                                         StoreMark& mark, std::string_view numbering, Instant now,
                                         bool begin_anew);

}  // namespace molecule::sql
