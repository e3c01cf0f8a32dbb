// The files of a SQLite store: the database, its write-ahead log (-wal) and the index over the log
// (-shm). They belong together. A log beside a database that it was not written for would be mixed
// into it, and what is written to a log that was deleted is lost, and SQLite notices neither.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include "base/fault.h"

namespace molecule::sql {

class SqliteFiles {
 public:
  // `path` is a file or a file: URI.
  explicit SqliteFiles(std::string_view path);

  const std::string& database() const { return database_; }

  // Before the database is opened. Throws Fault conflict `store_log_foreign` when a log that is not
  // empty stands beside a database file that the mark does not know (where there is no mark,
  // nothing is known), and `store_missing` when there is no database and none may be begun. A log
  // without its database is set aside before a new one is begun, for SQLite would delete it.
  void prepare(const std::string& mark, bool create) const;
  // Gives the log another name and answers which; throws Fault unavailable.
  std::string set_log_aside() const;
  Fault nothing_in_it() const;  // `store_missing`

  // Throws StoreLost when what was refused before would be refused again for want of space.
  void require_room() const;

  // Once they are open: from now on exactly these files are the store.
  void remember();
  // Which of them is no longer the one that was remembered; none before remember().
  enum class Part { none, database, log };
  Part missing() const;

 private:
  struct Seen {
    dev_t device = 0;
    ino_t inode = 0;
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  static std::optional<Seen> look(const std::string& path);
  void refuse_foreign_log(const std::string& mark) const;

  std::string database_;
  std::string log_;
  std::string index_;
  std::optional<Seen> database_seen_;
  std::optional<Seen> log_seen_;
  std::optional<Seen> index_seen_;
};

}  // namespace molecule::sql
