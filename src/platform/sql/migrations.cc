#include "platform/sql/migrations.h"

#include <algorithm>

#include <fmt/format.h>

#include "platform/io/clock.h"
#include "platform/log/log.h"
#include "platform/sql/sequences.h"
#include "platform/sql/store_facts.h"

namespace molecule::sql {
namespace {

std::string in_dialect(std::string_view text, const MigrationTarget& target) {
  constexpr std::string_view rowid = "{{rowid}}";
  constexpr std::string_view shared = "{{shared}}";
  std::string out;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with(shared)) {
      if (!target.shared()) continue;
      line.remove_prefix(shared.size());
    }
    for (auto at = line.find(rowid); at != std::string_view::npos; at = line.find(rowid)) {
      out += line.substr(0, at);
      out += target.rowid_type();
      line.remove_prefix(at + rowid.size());
    }
    out += line;
    out += '\n';
  }
  return out;
}

void require_known_history(std::span<const AppliedMigration> applied,
                           std::span<const Migration> migrations) {
  if (applied.size() > migrations.size()) {
    throw conflict(
        "schema_newer",
        fmt::format("the store was written by a newer version (schema {}, this program knows {}): "
                    "start that version, or restore a backup made before it",
                    applied.back().version, migrations.size()));
  }
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const Migration& ours = migrations[i];
    if (applied[i].version != ours.version || applied[i].name != ours.name ||
        applied[i].checksum != checksum(ours.text)) {
      throw conflict(
          "schema_differs",
          fmt::format(
              "the store's schema history differs from this program's at version {} (\"{}\" there, "
              "\"{}\" here): it belongs to another build; use that build or another store",
              ours.version, applied[i].name, ours.name));
    }
  }
}

void apply(MigrationTarget& target, const Migration& migration) {
  target.execute("BEGIN");
  try {
    target.execute(in_dialect(migration.text, target));
    target.record({migration.version, std::string(migration.name), checksum(migration.text)},
                  io::SystemClock().now().micros());
    target.execute("COMMIT");
  } catch (const Fault& failure) {
    try {
      target.execute("ROLLBACK");
    } catch (const Fault&) {
      // The engine has rolled back by itself; the first failure is the one that tells something.
    }
    throw Fault(failure.kind(), "migration_failed",
                fmt::format("migration {} ({}) failed: {}", migration.version, migration.name,
                            failure.text()));
  }
}

}  // namespace

std::string checksum(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return fmt::format("{:016x}", hash);
}

void run_migrations(MigrationTarget& target, std::span<const Migration> migrations) {
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].version != static_cast<int>(i) + 1) {
      throw internal(
          fmt::format("migration \"{}\" must have version {}", migrations[i].name, i + 1));
    }
  }
  target.execute(
      "CREATE TABLE IF NOT EXISTS schema_migrations "
      "(version BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)");
  target.execute(std::string(sequences_table));
  target.execute(std::string(facts_table));
  const auto applied = target.applied();
  require_known_history(applied, migrations);
  for (const Migration& migration : migrations.subspan(applied.size())) apply(target, migration);
  if (applied.size() < migrations.size()) {
    log::info("schema migrated", log::field("from", applied.size()),
              log::field("to", migrations.size()));
  }
}

}  // namespace molecule::sql
