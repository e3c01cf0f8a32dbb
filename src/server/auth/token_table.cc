#include "server/auth/token_table.h"

#include <bit>
#include <cstring>

namespace molecule::auth {
namespace {

constexpr std::size_t capacity_min = 256;
// Attempts without the lock before a reader waits for the writer like another writer.
constexpr int looks_max = 64;

constexpr std::uint64_t standing_none = 0;
constexpr std::uint64_t standing_live = 1;
constexpr std::uint64_t standing_departed = 2;

// Word 9: 31 bits of the token id, one bit "not yet collected", 32 bits of seconds. The tag keeps a
// late mark of use from landing on another token that took the place meanwhile.
constexpr std::uint64_t unsaved = std::uint64_t{1} << 32;
constexpr std::uint64_t seconds_mask = 0xffffffffu;
constexpr std::uint64_t tag_mask = ~(unsaved | seconds_mask);

using Words = std::array<std::uint64_t, 10>;

std::array<std::uint64_t, 4> key_of(const crypto::Digest& digest) {
  std::array<std::uint64_t, 4> key;
  std::memcpy(key.data(), digest.data(), digest.size());
  return key;
}

std::uint64_t standing_of(std::uint64_t word) { return word >> 32; }

Words words_of(const std::array<std::uint64_t, 4>& key, const TokenFacts& facts) {
  Words word{};
  std::memcpy(word.data(), key.data(), 32);
  std::memcpy(word.data() + 4, facts.id.bytes().data(), 16);
  std::memcpy(word.data() + 6, facts.workspace.bytes().data(), 16);
  word[8] = (facts.departed ? standing_departed : standing_live) << 32 | facts.ends_at;
  word[9] = (word[4] & tag_mask) | facts.last_used;
  return word;
}

TokenFacts facts_of(const Words& word) {
  IdBytes id{}, workspace{};
  std::memcpy(id.data(), word.data() + 4, 16);
  std::memcpy(workspace.data(), word.data() + 6, 16);
  TokenFacts facts;
  facts.id = TokenId(id);
  facts.workspace = WorkspaceId(workspace);
  facts.departed = standing_of(word[8]) == standing_departed;
  facts.ends_at = static_cast<std::uint32_t>(word[8] & seconds_mask);
  facts.last_used = static_cast<std::uint32_t>(word[9] & seconds_mask);
  return facts;
}

}  // namespace

// Excludes other writers and makes readers look again.
class TokenTable::Change {
 public:
  explicit Change(TokenTable& table) : table_(table), lock_(table.writing_) {
    table_.version_.fetch_add(1, std::memory_order_acq_rel);
  }
  ~Change() { table_.version_.fetch_add(1, std::memory_order_acq_rel); }
  Change(const Change&) = delete;
  Change& operator=(const Change&) = delete;

 private:
  TokenTable& table_;
  std::lock_guard<std::mutex> lock_;
};

TokenTable::TokenTable() {
  arrays_.push_back(std::make_unique<Array>(capacity_min));
  array_.store(arrays_.back().get(), std::memory_order_release);
}
TokenTable::~TokenTable() = default;

std::size_t TokenTable::capacity() const {
  return array_.load(std::memory_order_acquire)->mask + 1;
}

std::optional<TokenTable::Place> TokenTable::probe(Array& array,
                                                   const std::array<std::uint64_t, 4>& key) {
  // A reader may meet a half-made change, so the walk is bounded by the array and not by an empty
  // place.
  for (std::size_t i = 0, at = key[0] & array.mask; i <= array.mask;
       ++i, at = (at + 1) & array.mask) {
    Slot& slot = array.slots[at];
    if (standing_of(slot.word[8].load(std::memory_order_acquire)) == standing_none)
      return std::nullopt;
    if (slot.word[0].load(std::memory_order_acquire) != key[0]) continue;
    Place place;
    place.slot = &slot;
    for (std::size_t w = 0; w < words; ++w)
      place.word[w] = slot.word[w].load(std::memory_order_acquire);
    // The first word only chose the place; whether it is this token is told by the whole digest at
    // once.
    std::uint64_t difference = 0;
    for (std::size_t w = 0; w < 4; ++w) difference |= place.word[w] ^ key[w];
    if (difference == 0) return place;
  }
  return std::nullopt;
}

std::optional<TokenTable::Place> TokenTable::look(const crypto::Digest& digest) const {
  auto key = key_of(digest);
  for (int i = 0; i < looks_max; ++i) {
    std::uint64_t before = version_.load(std::memory_order_acquire);
    if (before & 1) continue;
    auto place = probe(*array_.load(std::memory_order_acquire), key);
    // All words were read with acquire, so this load cannot have been made before them.
    if (version_.load(std::memory_order_relaxed) == before) return place;
  }
  std::lock_guard lock(writing_);
  return probe(*array_.load(std::memory_order_acquire), key);
}

std::optional<TokenFacts> TokenTable::find(const crypto::Digest& digest) const {
  auto place = look(digest);
  if (!place) return std::nullopt;
  return facts_of(place->word);
}

std::optional<TokenFacts> TokenTable::use(const crypto::Digest& digest, std::uint32_t now) {
  auto place = look(digest);
  if (!place) return std::nullopt;
  TokenFacts facts = facts_of(place->word);
  if (!facts.departed && !facts.expired(now) && facts.last_used < now) {
    std::uint64_t was = place->word[9];
    std::uint64_t is = (was & tag_mask) | unsaved | now;
    // Losing against another mark or a change is fine: that one is as new, or the token has ended.
    place->slot->word[9].compare_exchange_strong(was, is, std::memory_order_relaxed);
    facts.last_used = now;
  }
  return facts;
}

void TokenTable::put(Array& array, const std::array<std::uint64_t, words>& word) {
  std::size_t at = word[0] & array.mask;
  while (standing_of(array.slots[at].word[8].load(std::memory_order_relaxed)) != standing_none) {
    at = (at + 1) & array.mask;
  }
  for (std::size_t w = 0; w < words; ++w)
    array.slots[at].word[w].store(word[w], std::memory_order_release);
}

// Builds the larger array beside the old one; readers keep using the old one until it is ready.
void TokenTable::grow(std::size_t capacity) {
  auto larger = std::make_unique<Array>(capacity);
  for (Slot& slot : arrays_.back()->slots) {
    std::array<std::uint64_t, words> word{};
    for (std::size_t w = 0; w < words; ++w) word[w] = slot.word[w].load(std::memory_order_acquire);
    if (standing_of(word[8]) != standing_none) put(*larger, word);
  }
  array_.store(larger.get(), std::memory_order_release);
  arrays_.push_back(std::move(larger));
}

void TokenTable::reserve(std::size_t more) {
  std::lock_guard lock(writing_);
  std::size_t wanted = std::bit_ceil((size() + more) * 2);
  if (wanted > arrays_.back()->mask + 1) grow(wanted);
}

void TokenTable::insert(const crypto::Digest& digest, const TokenFacts& facts) {
  {
    // Growing changes no place a reader looks at, so it needs no Change; marks of use made in the
    // old array meanwhile are lost, which costs a few seconds of exactness.
    std::lock_guard lock(writing_);
    std::size_t capacity = arrays_.back()->mask + 1;
    if ((size() + 1) * 10 > capacity * 7) grow(capacity * 2);
  }
  Change change(*this);
  auto key = key_of(digest);
  auto word = words_of(key, facts);
  Array& array = *arrays_.back();
  if (auto place = probe(array, key)) {
    for (std::size_t w = 0; w < words; ++w)
      place->slot->word[w].store(word[w], std::memory_order_release);
    return;
  }
  put(array, word);
  size_.fetch_add(1, std::memory_order_relaxed);
}

void TokenTable::depart(const crypto::Digest& digest, std::uint32_t at) {
  Change change(*this);
  auto place = probe(*arrays_.back(), key_of(digest));
  if (!place) return;
  place->slot->word[8].store(standing_departed << 32 | at, std::memory_order_release);
}

void TokenTable::erase(const crypto::Digest& digest) {
  Change change(*this);
  Array& array = *arrays_.back();
  auto place = probe(array, key_of(digest));
  if (!place) return;
  // Later members of the run move up, so that no grave is left behind and misses stay short.
  auto hole = static_cast<std::size_t>(place->slot - array.slots.data());
  for (std::size_t next = (hole + 1) & array.mask;; next = (next + 1) & array.mask) {
    Slot& slot = array.slots[next];
    if (standing_of(slot.word[8].load(std::memory_order_relaxed)) == standing_none) break;
    std::size_t home = slot.word[0].load(std::memory_order_relaxed) & array.mask;
    // It may move only when its home is not between the hole and where it stands.
    if (((next - home) & array.mask) < ((next - hole) & array.mask)) continue;
    for (std::size_t w = 0; w < words; ++w) {
      array.slots[hole].word[w].store(slot.word[w].load(std::memory_order_relaxed),
                                      std::memory_order_release);
    }
    hole = next;
  }
  for (auto& word : array.slots[hole].word) word.store(0, std::memory_order_release);
  size_.fetch_sub(1, std::memory_order_relaxed);
}

std::vector<TokenTable::Used> TokenTable::take_used(std::size_t slots, std::size_t max) {
  std::vector<Used> used;
  // Under the lock no place moves; marking goes on beside it.
  std::lock_guard lock(writing_);
  Array& array = *arrays_.back();
  for (std::size_t i = 0; i < slots && i <= array.mask && used.size() < max; ++i) {
    cursor_ = (cursor_ + 1) & array.mask;
    Slot& slot = array.slots[cursor_];
    std::uint64_t mark = slot.word[9].load(std::memory_order_relaxed);
    if ((mark & unsaved) == 0) continue;
    if (standing_of(slot.word[8].load(std::memory_order_relaxed)) != standing_live) continue;
    slot.word[9].fetch_and(~unsaved, std::memory_order_relaxed);
    Words word{};
    for (std::size_t w = 4; w < 6; ++w) word[w] = slot.word[w].load(std::memory_order_relaxed);
    used.push_back({facts_of(word).id, static_cast<std::uint32_t>(mark & seconds_mask)});
  }
  return used;
}

}  // namespace molecule::auth
