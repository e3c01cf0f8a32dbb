// A copy of a SQLite store as one file, also while a platform writes to it.
#pragma once

#include <cstdint>
#include <string>

namespace molecule::sql {

// Copies the state of one moment, checks the copy and has it synced; what is committed meanwhile is
// not in it. `to` is made, 0600. Throws Fault conflict `file_exists` when it is there already,
// unavailable when the store cannot be read or the copy not be written, and leaves no half copy.
// Answers its size in bytes.
// `mark` as in Settings: a log that is not the store's own is refused as at a start.
std::int64_t copy_sqlite(const std::string& from, const std::string& to, const std::string& mark);

}  // namespace molecule::sql
