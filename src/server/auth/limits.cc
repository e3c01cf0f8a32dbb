#include "server/auth/limits.h"

#include <algorithm>
#include <cstring>
#include <string>

#include <arpa/inet.h>

#include "platform/crypto/digest.h"

namespace molecule::auth {
namespace {

constexpr std::size_t text_max = 63;  // Longer than any address.

std::uint64_t scramble(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

std::uint32_t limit_seconds(const io::Clock& clock) {
  auto since = std::chrono::floor<std::chrono::seconds>(clock.monotonic());
  return static_cast<std::uint32_t>(since.count());
}

IdBytes address_key(std::string_view peer) {
  IdBytes key{};
  // "[::1]:443", "10.0.0.1:443" and bare addresses.
  std::string_view host = peer;
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') - 1);
  } else if (std::count(host.begin(), host.end(), ':') == 1) {
    host = host.substr(0, host.find(':'));
  }
  char text[text_max + 1];
  if (host.size() > text_max) host = host.substr(0, text_max);
  std::memcpy(text, host.data(), host.size());
  text[host.size()] = '\0';
  if (::inet_pton(AF_INET, text, key.data() + 12) == 1) {
    key[10] = key[11] = 0xff;
    return key;
  }
  if (::inet_pton(AF_INET6, text, key.data()) == 1) {
    static constexpr std::uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::memcmp(key.data(), mapped, sizeof mapped) != 0)
      std::fill(key.begin() + 8, key.end(), 0);
    return key;
  }
  crypto::Digest digest = crypto::sha256(host);
  std::copy_n(digest.begin(), key.size(), key.begin());
  return key;
}

Limits::Limits(const LimitSettings& settings) : settings_(settings), entries_(entries_max) {}

std::uint32_t Limits::limit_of(Counted what) const {
  switch (what) {
    case Counted::address: return settings_.per_address;
    case Counted::credential: return settings_.per_credential;
    case Counted::operators: return settings_.per_operator;
    case Counted::failure: return settings_.failures_per_address;
    case Counted::claim: return settings_.claims_per_address;
    case Counted::key: return settings_.keys_per_maker;
  }
  return 0;
}

Allowance Limits::take(Counted what, const IdBytes& key, std::uint32_t now) {
  std::uint32_t limit = limit_of(what);
  if (limit == 0) return {};
  std::uint64_t low = 0, high = 0;
  std::memcpy(&low, key.data(), 8);
  std::memcpy(&high, key.data() + 8, 8);
  // Each kind has its own windows, and no key looks like a free entry.
  low ^= (std::uint64_t{static_cast<std::uint8_t>(what)} + 1) << 56;
  if (low == 0 && high == 0) low = 1;
  constexpr std::size_t sets = entries_max / ways;
  std::size_t set = scramble(low ^ scramble(high)) % sets;
  std::lock_guard lock(mutexes_[set % shards]);

  Entry* entry = nullptr;
  Entry* weakest = nullptr;
  for (std::size_t way = 0; way < ways; ++way) {
    Entry& candidate = entries_[set * ways + way];
    bool over = now >= candidate.started + window || now < candidate.started;
    if (candidate.key_low == low && candidate.key_high == high) {
      if (over) {
        candidate.started = now;
        candidate.count = 0;
      }
      entry = &candidate;
      break;
    }
    if (over) candidate.count = 0;
    // A busy window is the last to be forgotten: forgetting it would give a flood a fresh start.
    if (!weakest || candidate.count < weakest->count) weakest = &candidate;
  }
  if (!entry) {
    entry = weakest;
    *entry = Entry{low, high, now, 0};
  }
  Allowance allowance;
  allowance.limit = limit;
  allowance.allowed = entry->count < limit;
  if (allowance.allowed) ++entry->count;
  allowance.remaining = limit - std::min(limit, entry->count);
  allowance.reset = std::max(1u, entry->started + window - now);
  return allowance;
}

}  // namespace molecule::auth
