// The numbered sequences of one batch. A sequence is read (and on PostgreSQL locked) at its first
// use in a batch, counted in memory, and written back once before the commit; a transaction that is
// undone gives its numbers back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "platform/sql/query.h"

namespace molecule::sql {

class Sequences {
 public:
  struct Sequence {
    std::string name;
    std::int64_t stored = 0;   // In the table.
    std::int64_t value = 0;    // Given out last.
    std::int64_t at_mark = 0;  // Value when the running transaction began.
  };

  void begin_batch() {
    loaded_.clear();
    marked_ = 0;
  }
  void mark() {
    for (Sequence& sequence : loaded_) sequence.at_mark = sequence.value;
    marked_ = loaded_.size();
  }
  // Forgets what was loaded since the mark too: PostgreSQL gives up the row lock with the
  // savepoint.
  void back_to_mark() {
    loaded_.erase(loaded_.begin() + static_cast<std::ptrdiff_t>(marked_), loaded_.end());
    for (Sequence& sequence : loaded_) sequence.value = sequence.at_mark;
  }
  // `load` answers the stored value of a sequence that this batch has not used yet.
  template <class Load>
  std::int64_t next(std::string_view name, Load&& load) {
    for (Sequence& sequence : loaded_) {
      if (sequence.name == name) return ++sequence.value;
    }
    const std::int64_t stored = load(name);
    loaded_.push_back({std::string(name), stored, stored, stored});
    return ++loaded_.back().value;
  }
  // Calls store(name, value) for each sequence that moved.
  template <class Store>
  void write_back(Store&& store) {
    for (Sequence& sequence : loaded_) {
      if (sequence.value != sequence.stored) store(sequence.name, sequence.value);
    }
  }

 private:
  std::vector<Sequence> loaded_;
  std::size_t marked_ = 0;
};

inline constexpr std::string_view sequences_table =
    "CREATE TABLE IF NOT EXISTS sequences (name TEXT PRIMARY KEY, value BIGINT NOT NULL)";
inline constexpr Query<std::int64_t(std::string)> read_sequence{"sequences.read", R"(
    SELECT value FROM sequences WHERE name = $1)"};
inline constexpr Query<void(std::string, std::int64_t)> write_sequence{"sequences.write", R"(
    INSERT INTO sequences (name, value) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET value = excluded.value)"};

}  // namespace molecule::sql
