// Sealing of values at rest: AES-256-GCM under a key that is kept outside the database. A sealed
// value is bound to its place by associated data the caller names (table, workspace, key), so
// moving a row's bytes elsewhere makes it unreadable rather than someone else's.
//
// Layout: version (1 byte, 1) ‖ key id (4) ‖ nonce (12) ‖ ciphertext ‖ tag (16). Version and key id
// are authenticated with the associated data.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "platform/crypto/digest.h"

namespace molecule::crypto {

using KeyId = std::array<std::uint8_t, 4>;
using Nonce = std::array<std::uint8_t, 12>;
using Sealed = std::vector<std::uint8_t>;

constexpr std::size_t sealed_overhead = 1 + 4 + 12 + 16;

// Joins the parts of a place so that no two places share a text: ("ab","c") differs from
// ("a","bc").
std::string associated_data(std::initializer_list<std::string_view> parts);

// 32 bytes that seal, with an id derived from them: a value always names the key that opens it, and
// replacing a key by another under the same name is noticed. The memory is overwritten at death.
class SealingKey {
 public:
  explicit SealingKey(std::span<const std::uint8_t, 32> bytes);
  SealingKey(const SealingKey&) = default;
  SealingKey& operator=(const SealingKey&) = default;
  ~SealingKey() { wipe(bytes_); }

  // Base64 of 32 bytes (padding optional), or 32 raw characters; nullopt for anything else.
  static std::optional<SealingKey> parse(std::string_view text);
  template <class Random>
  static SealingKey random(Random& random) {
    std::array<std::uint8_t, 32> bytes{};
    random.fill(bytes);
    SealingKey key(bytes);
    wipe(bytes);
    return key;
  }

  const KeyId& id() const { return id_; }
  std::span<const std::uint8_t, 32> reveal() const { return bytes_; }

 private:
  std::array<std::uint8_t, 32> bytes_{};
  KeyId id_{};
};

// `nonce` must never repeat under one key; Keyring::seal draws it at random. A key is good for 2^32
// values (the bound of NIST SP 800-38D for random nonces); rotate before.
Sealed seal(const SealingKey& key, const Nonce& nonce, std::string_view plain,
            std::string_view place);

// Several keys by id: the last one added seals, all of them open. Const members are safe from any
// thread.
class Keyring {
 public:
  // Adds a key, which seals from now on. Adding a key again makes it the sealing one. Throws Fault
  // conflict when another key has the same id (one chance in four billion; take another key).
  void add(const SealingKey& key);
  std::size_t size() const { return keys_.size(); }
  bool empty() const { return keys_.empty(); }
  const SealingKey& sealing() const { return keys_.back(); }  // Not on an empty ring.
  const std::vector<SealingKey>& keys() const { return keys_; }

  // Throws Fault internal on an empty ring.
  template <class Random>
  Sealed seal(Random& random, std::string_view plain, std::string_view place) const {
    Nonce nonce{};
    random.fill(nonce);
    return seal_with(nonce, plain, place);
  }
  // Throws Fault internal: `sealing_key_missing` when no key of that id is held,
  // `sealed_value_damaged` when bytes, key or place do not belong together. Neither says more than
  // that.
  Secret open(Bytes sealed, std::string_view place) const;
  // True when the value is sealed by another key than the sealing one and should be sealed again.
  bool stale(Bytes sealed) const;

 private:
  Sealed seal_with(const Nonce& nonce, std::string_view plain, std::string_view place) const;
  std::vector<SealingKey> keys_;
};

}  // namespace molecule::crypto
