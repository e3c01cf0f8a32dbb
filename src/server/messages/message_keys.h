// The idempotency keys of the newest messages, with the rows they named. Held in memory, because
// keys come in no order and an index over them would be the dearest part of accepting a message;
// kept in the table message_keys in the order of their messages, from which they are read back at
// start.
//
// An entry is a hint: the transaction that made it may have been undone, and the row may be gone.
// Whoever finds one looks at the row. Used on the store's writer thread alone, inside write
// transactions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/id.h"

namespace molecule::messages {

class MessageKeys {
 public:
  // A message id is known for this many messages after its own, on this instance.
  static constexpr std::size_t known_max = 524'288;

  explicit MessageKeys(std::size_t known = known_max);

  std::optional<std::int64_t> find(const IdBytes& key) const;
  // Replaces an older entry of the same key; forgets the oldest entry beyond the bound.
  void remember(const IdBytes& key, std::int64_t seq);
  // Before what the store has is read back: an entry that is there twice would be forgotten twice.
  void forget_all();
  // Rows below this one are not looked for any more.
  std::int64_t oldest() const { return order_.empty() ? 0 : order_[first_].seq; }
  std::size_t size() const { return order_.size(); }

 private:
  // Keys are digests: eight of their bytes choose the place and, with the row they lead to, are
  // enough for a hint.
  struct Entry {
    std::uint64_t mark = 0;
    std::int64_t seq = 0;  // 0: empty.
  };
  static std::uint64_t mark_of(const IdBytes& key);
  std::size_t home(std::uint64_t mark) const { return mark & (places_.size() - 1); }
  std::size_t place_of(std::uint64_t mark) const;
  void put(const Entry& entry);
  void erase(const Entry& entry);
  void grow();

  const std::size_t known_;
  std::vector<Entry> places_;  // Open addressing, at most half full; a power of two.
  std::vector<Entry> order_;   // A ring once it is full.
  std::size_t first_ = 0;      // The oldest of the ring.
};

}  // namespace molecule::messages
