// Organisation keys: an operator's credential that a program holds, with a scope and maybe an end.
// Made, listed, ended, and kept in memory for the gate. Only the SHA-256 is stored, the text is
// shown once.
//
// A key that was revoked is gone, here and in the store; what it was is on the log.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/instant.h"
#include "base/secret.h"
#include "platform/crypto/digest.h"
#include "platform/io/clock.h"
#include "platform/io/guarded.h"
#include "platform/io/task.h"
#include "platform/sql/database.h"
#include "server/auth/access.h"
#include "server/auth/keys_store.h"
#include "server/facts/record.h"

namespace molecule::auth {

// What the gate knows of one key.
struct KeyFacts {
  KeyId id;
  api::KeyScope scope = api::KeyScope::read;
  std::array<char, 16> mark{};  // Its prefix.
  std::optional<Instant> expires_at;
  std::optional<Instant> last_used_at;

  bool expired(Instant now) const { return expires_at && *expires_at <= now; }
};

struct MintedKey {
  store::KeyRow row;
  Secret text;  // To be shown once and never kept.
};

// Who has something to do when a key is revoked, or gone to make room, in the transaction of that.
class KeyEnd {
 public:
  virtual ~KeyEnd() = default;
  virtual void ended(sql::Tx& tx, const store::KeyRow& key, const Caller& by) = 0;
};

class Keys final : public facts::Projection {
 public:
  static constexpr std::int64_t keys_max = 500;   // One more is refused (429).
  static constexpr std::size_t name_max = 100;    // Characters.
  static constexpr std::size_t prefix_size = 12;  // "mol_" and eight more.

  Keys(sql::Database& db, const io::Clock& clock, io::Random& random, facts::Record& record)
      : db_(db), clock_(clock), random_(random), record_(record) {}

  // Until the record has loaded it, nobody is known.
  bool ready() const { return ready_.load(std::memory_order_acquire); }

  // In the caller's transaction; known to the gate when that is durable. Throws Fault bad_request
  // for a name or an expiry that cannot be, forbidden `key_outlives_maker`, rate_limited
  // `too_many_keys`, and unauthenticated when the key that makes it has ended meanwhile.
  // At keys_max the one that expired first makes room.
  MintedKey mint(sql::Tx& tx, const api::NewKey& wanted, const Caller& maker);
  // Nothing when there is no such key.
  std::optional<store::KeyRow> revoke(sql::Tx& tx, KeyId key, const Caller& by);
  // When that must be over which somebody makes: at the end of the key that asks, if it has one.
  // Throws Fault unauthenticated when that key has ended meanwhile.
  std::optional<Instant> end_of(sql::Tx& tx, const Caller& maker) const;

  // Before the first request.
  void join(KeyEnd& one) { at_end_.push_back(&one); }

  // Whether somebody may look at everything who may not do everything: what such a key sees, ids of
  // workspaces among it, is no secret then.
  bool shows_ids(sql::Statements& statements) const;
  // Called in the transaction that makes such a key. Before the first request.
  void on_shown(std::function<void(sql::Tx&)> shown) { shown_ = std::move(shown); }

  // All of them, newest first, with their last use as memory knows it.
  io::Task<std::vector<store::KeyRow>> list();
  io::Task<std::optional<store::KeyRow>> find(KeyId key);

  // For the gate: any thread. `use` marks it as used, `find` leaves no trace. Those that expired
  // are found too.
  std::optional<KeyFacts> use(const crypto::Digest& digest, Instant now);
  std::optional<KeyFacts> find(const crypto::Digest& digest) const;
  std::size_t size() const;

  // As Tokens::on_ended.
  void on_ended(std::function<void()> wake) { ended_ = std::move(wake); }

  // Writes behind when keys were last used; one round.
  io::Task<void> flush();

 private:
  struct Held {
    KeyFacts facts;
    std::optional<Instant> saved_at;  // last_used_at as the store has it.
  };
  struct DigestHash {
    std::size_t operator()(const crypto::Digest& digest) const;
  };
  using Map = std::unordered_map<crypto::Digest, Held, DigestHash>;

  std::span<const facts::Kind> applies() const override;
  Place load(sql::Statements& statements) override;
  void apply(const facts::Fact& fact) override;
  std::optional<Instant> expiry_of(sql::Tx& tx, const api::NewKey& wanted,
                                   const Caller& maker) const;
  void make_room(sql::Tx& tx, const Caller& maker);

  sql::Database& db_;
  const io::Clock& clock_;
  io::Random& random_;
  facts::Record& record_;
  io::Guarded<Map> held_;
  std::atomic<bool> ready_{false};
  std::function<void()> ended_;
  std::function<void(sql::Tx&)> shown_;  // May be empty.
  std::vector<KeyEnd*> at_end_;
};

}  // namespace molecule::auth
