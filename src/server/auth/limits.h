// How much one address or one credential may ask in a minute. Fixed windows in a table of fixed
// size: a flood from many addresses makes the table forget the least busy ones and never makes it
// grow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "platform/io/clock.h"

namespace molecule::auth {

// Requests per minute; 0 is off.
struct LimitSettings {
  std::uint32_t per_address = 600;          // Without a credential.
  std::uint32_t per_credential = 6000;      // With a workspace's token or an organisation key.
  std::uint32_t per_operator = 60000;       // With an operator's credential.
  std::uint32_t failures_per_address = 30;  // Refused credentials.
  std::uint32_t claims_per_address = 10;    // Attempts at claim links and tickets that failed.
  std::uint32_t keys_per_maker = 30;        // Organisation keys that one credential makes.
};

// What is counted apart from each other.
enum class Counted : std::uint8_t { address, credential, operators, failure, claim, key };

struct Allowance {
  bool allowed = true;
  std::uint32_t limit = 0;  // 0: nothing is counted.
  std::uint32_t remaining = 0;
  std::uint32_t reset = 0;  // Seconds until the window ends, at least 1.
};

class Limits {
 public:
  static constexpr std::uint32_t window = 60;        // Seconds.
  static constexpr std::size_t entries_max = 16384;  // Windows remembered at a time.

  explicit Limits(const LimitSettings& settings);

  bool counts(Counted what) const { return limit_of(what) != 0; }
  // Counts one and says whether it was still allowed. Any thread.
  Allowance take(Counted what, const IdBytes& key, std::uint32_t now);

 private:
  static constexpr std::size_t ways = 8;
  static constexpr std::size_t shards = 16;
  struct Entry {
    std::uint64_t key_low = 0;
    std::uint64_t key_high = 0;  // Both 0: free.
    std::uint32_t started = 0;
    std::uint32_t count = 0;
  };

  std::uint32_t limit_of(Counted what) const;

  LimitSettings settings_;
  std::array<std::mutex, shards> mutexes_;  // Each guards every sixteenth set of ways.
  std::vector<Entry> entries_;
};

// What take() counts time in: steady, so that a step of the wall clock opens and closes no window.
std::uint32_t limit_seconds(const io::Clock& clock);

// The key of a client address. IPv6 counts by /64, which is what one subscriber has; text that is
// no address counts as itself.
IdBytes address_key(std::string_view peer);

}  // namespace molecule::auth
