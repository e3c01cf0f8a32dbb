// What a store remembers of itself beside its schema, as names and texts in a table of its own: so
// a copy has them too, and what no longer fits shows that it is one.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/instant.h"
#include "platform/sql/database.h"
#include "platform/sql/store_mark.h"

namespace molecule::sql {

inline constexpr std::string_view facts_table =
    "CREATE TABLE IF NOT EXISTS store_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)";

inline constexpr Query<std::string(std::string)> read_fact{"store_facts.read", R"(
    SELECT value FROM store_facts WHERE name = $1)"};
inline constexpr Query<void(std::string, std::string)> write_fact{"store_facts.write", R"(
    INSERT INTO store_facts (name, value) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value)"};

namespace fact {
inline constexpr std::string_view id = "id";        // Which store it is.
inline constexpr std::string_view place = "place";  // Where it lay when it was last served from.
inline constexpr std::string_view run = "run";      // The process that serves from it, or did last.
}  // namespace fact

// Positions of a numbering that was told to others are never given out twice. Where copies may have
// been numbered on, it goes on here: far beyond anything an earlier process can have reached, and
// beyond what other copies will reach that are taken up at other times.
inline constexpr std::int64_t numbering_leap = 1 << 20;  // Positions for each second since 1970.

// One connection of an engine, at start-up, inside one transaction.
class FactsTarget {
 public:
  virtual ~FactsTarget() = default;
  virtual std::optional<std::string> fact(std::string_view name) = 0;
  virtual void set_fact(std::string_view name, std::string_view value) = 0;
  virtual std::int64_t sequence(std::string_view name) = 0;  // 0 when it was never used.
  virtual void set_sequence(std::string_view name, std::int64_t value) = 0;
  virtual std::string place() = 0;
};

// Finds out what the store went through, has `numbering` leap where positions may have been given
// out before, and takes the store over for this run. Throws Fault conflict `store_differs` when the
// mark tells of another store, unless `begin_anew`.
struct Takeover {
  StoreId store;
  std::int64_t seen = 0;  // For the mark.
};
Takeover take_over(FactsTarget& target, const StoreMark& mark, std::string_view numbering,
                   Instant now, bool begin_anew);

}  // namespace molecule::sql
