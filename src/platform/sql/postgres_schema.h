// Start-up and test work on PostgreSQL that waits for each answer: migrations under an advisory
// lock, taking the store over, and compiling statements. Uses a plain connection of its own for the
// duration of the call.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "platform/sql/database.h"

namespace molecule::sql {

void migrate_postgres(const Settings& settings, std::span<const Migration> migrations);
bool postgres_is_empty(const Settings& settings);  // No schema was ever brought up in it.
// `holder` is the session that holds the store for this process, 0 for none. Throws Fault conflict
// `store_in_use` when it does not hold it any more: then another platform may serve.
void take_over_postgres(const Settings& settings, StoreMark& mark, std::string_view numbering,
                        Instant now, std::int64_t holder);
void check_postgres_prepares(const Settings& settings, std::string_view name,
                             std::string_view text);

}  // namespace molecule::sql
