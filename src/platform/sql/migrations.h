// Bringing a schema up, the same way on both engines. The history is in the table
// schema_migrations: one row per version with a checksum of its text, so that a program never runs
// on a schema it does not know, and an edited migration is noticed instead of silently skipped.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/sql/database.h"

namespace molecule::sql {

struct AppliedMigration {
  std::int64_t version;
  std::string name;
  std::string checksum;
};

// One connection of an engine, on which nothing else runs meanwhile.
class MigrationTarget {
 public:
  virtual ~MigrationTarget() = default;
  virtual void execute(
      const std::string& statements) = 0;               // Throws Fault with the engine's message.
  virtual std::vector<AppliedMigration> applied() = 0;  // By version.
  virtual void record(const AppliedMigration& migration, std::int64_t at_micros) = 0;
  virtual std::string_view rowid_type() const = 0;  // What {{rowid}} stands for.
  virtual bool shared() const = 0;                  // Runs the lines that begin with {{shared}}.
};

// Each migration in its own transaction; a failing one leaves the schema at the version before.
void run_migrations(MigrationTarget& target, std::span<const Migration> migrations);

// FNV-1a, 64 bits, as 16 hex digits. It notices edits; it is not meant to resist an attacker.
std::string checksum(std::string_view text);

}  // namespace molecule::sql
