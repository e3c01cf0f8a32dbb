// Whether SQLite's write-ahead log still holds what was written to it. SQLite believes the index
// over the log and reads the log itself as late as it can: a log that somebody truncated or
// overwrote under a running process is written on behind the hole, and the hole ends up in the
// database.
#pragma once

#include <array>
#include <cstdint>

struct sqlite3;

namespace molecule::sql {

struct LogCondition {
  bool whole = true;   // As its index says: long enough, with its own header and its last frame.
  bool moved = true;   // All of it is in the database file.
  bool usable = true;  // What is left of it is at least as new as the database file.
};

enum class LogPart {
  ends,     // The header and the last frame: cheap enough for every commit.
  unmoved,  // And every frame that is not in the database file yet, before it is moved there.
};

// Up to which frame a log was seen whole: what was added since is read on from there.
struct LogSeen {
  std::array<std::uint8_t, 8> salt{};  // Of the log as it was.
  std::uint32_t frame = 0;
  std::array<std::uint8_t, 8> sum{};  // As that frame stores it.
};

// Looks at the log by the connection's own descriptors; on its thread. A log that the disk refuses
// to read counts as whole: nothing is known of it.
LogCondition log_condition(sqlite3* connection, LogPart part, LogSeen& seen);

}  // namespace molecule::sql
