// Every token that still means something, in memory, so that proving who asks never reads the
// store.
//
// One flat array probed from the first bits of the token's SHA-256; a look-up touches one or two
// cache lines. Readers on any thread take no lock: they read atomics and look again when a writer
// was at work meanwhile. Writers (a token minted, ended) exclude each other and are rare.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/id.h"
#include "platform/crypto/digest.h"

namespace molecule::auth {

// What the table knows of one token.
struct TokenFacts {
  TokenId id;
  WorkspaceId workspace;
  // Departed: its workspace was removed. The token still proves who asks, so that an agent can be
  // told.
  bool departed = false;
  std::uint32_t ends_at =
      0;  // Live: when it expires, 0 never. Departed: when the workspace was removed.
  std::uint32_t last_used = 0;  // Seconds since the epoch, 0 never.

  bool expired(std::uint32_t now) const { return !departed && ends_at != 0 && ends_at <= now; }
};

class TokenTable {
 public:
  TokenTable();
  ~TokenTable();
  TokenTable(const TokenTable&) = delete;
  TokenTable& operator=(const TokenTable&) = delete;

  // Compares the whole digest in constant time. Any thread.
  std::optional<TokenFacts> find(const crypto::Digest& digest) const;
  // As find; a live token that has not expired is marked as used now.
  std::optional<TokenFacts> use(const crypto::Digest& digest, std::uint32_t now);

  // Any thread; writers wait for each other, readers for none of them longer than one change.
  void insert(const crypto::Digest& digest, const TokenFacts& facts);  // Replaces.
  void erase(const crypto::Digest& digest);
  void depart(const crypto::Digest& digest, std::uint32_t at);
  // Makes room for so many more without growing in between.
  void reserve(std::size_t more);
  std::size_t size() const { return size_.load(std::memory_order_relaxed); }

  struct Used {
    TokenId id;
    std::uint32_t at = 0;
  };
  // Collects tokens used since they were last collected: looks at `slots` places from where the
  // last call stopped, round and round, and takes at most `max`. One caller at a time.
  std::vector<Used> take_used(std::size_t slots, std::size_t max);
  std::size_t capacity() const;

 private:
  // Words of a place: digest, token id, workspace, standing and end, tag and last use.
  static constexpr std::size_t words = 10;
  struct Slot {
    std::array<std::atomic<std::uint64_t>, words> word{};
  };
  struct Array {
    explicit Array(std::size_t capacity) : mask(capacity - 1), slots(capacity) {}
    std::size_t mask;
    std::vector<Slot> slots;
  };
  struct Place {
    Slot* slot = nullptr;
    std::array<std::uint64_t, words> word{};
  };
  class Change;

  // A consistent view of the place, or none.
  std::optional<Place> look(const crypto::Digest& digest) const;
  static std::optional<Place> probe(Array& array, const std::array<std::uint64_t, 4>& key);
  static void put(Array& array, const std::array<std::uint64_t, words>& word);
  void grow(std::size_t capacity);

  std::atomic<std::uint64_t> version_{0};  // Odd while a writer is at work.
  std::atomic<Array*> array_;
  std::atomic<std::size_t> size_{0};
  mutable std::mutex writing_;
  // The current array last. Outgrown ones stay for readers that may still look at them: each is at
  // most half the next, so together they cost less than the current one.
  std::vector<std::unique_ptr<Array>> arrays_;
  std::size_t cursor_ = 0;
};

}  // namespace molecule::auth
