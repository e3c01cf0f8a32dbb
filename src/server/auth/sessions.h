// Browser sessions and the claim links that open them. A claim link is single use and short-lived;
// opening it signs the browser in as an operator. Its record goes through the store, so that
// `molecule admin claim` can add one while the server runs. Of both only digests are kept.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "base/instant.h"
#include "base/secret.h"
#include "platform/crypto/digest.h"
#include "platform/io/clock.h"
#include "platform/io/guarded.h"
#include "platform/io/task.h"
#include "platform/sql/database.h"
#include "server/auth/sessions_store.h"
#include "server/facts/record.h"

namespace molecule::auth {

struct SessionFacts {
  SessionId id;
  Instant created_at;
  Instant expires_at;
  Instant last_seen_at;

  Instant ends_at() const;  // Unless it is seen before: the earlier of its age and its idle time.
};

// Claim links. Stateless beside the store, so another process may use it on the same data.
class Claims {
 public:
  static constexpr std::chrono::minutes lifetime{30};
  static constexpr std::int64_t open_max = 100;  // Unspent links at a time.

  Claims(const io::Clock& clock, io::Random& random) : clock_(clock), random_(random) {}

  // The code of a new link. Beyond open_max unspent links the oldest one ends.
  Secret add(sql::Tx& tx);
  // False for what cannot be a code: it need not be looked for.
  static bool is_code(std::string_view text);
  // Whether spend() would be true.
  bool is_open(sql::Statements& statements, std::string_view code) const;
  // True once for each code that was given out and is not too old.
  bool spend(sql::Tx& tx, std::string_view code);

 private:
  const io::Clock& clock_;
  io::Random& random_;
};

class Sessions final : public facts::Projection {
 public:
  static constexpr std::chrono::hours lifetime{30 * 24};
  static constexpr std::chrono::hours idle{7 * 24};
  static constexpr std::int64_t open_max = 1000;  // One more ends the one longest unseen.

  // Browsers keep cookies by host and not by port: `cookie` is a name that no other platform of the
  // same host has, or signing in to one would sign out of the other.
  Sessions(sql::Database& db, const io::Clock& clock, io::Random& random, facts::Record& record,
           std::string cookie = std::string(cookie_prefix))
      : db_(db), clock_(clock), random_(random), record_(record), cookie_(std::move(cookie)) {}
  static constexpr std::string_view cookie_prefix = "molecule_session";
  const std::string& cookie() const { return cookie_; }

  // Until the record has loaded it, use() knows nobody.
  bool ready() const { return ready_.load(std::memory_order_acquire); }

  struct Opened {
    SessionId id;
    Secret text;  // The cookie's value; never stored.
    Instant expires_at;
  };
  // In the caller's transaction. Known to the gate when that is durable.
  Opened start(sql::Tx& tx);
  bool end(sql::Tx& tx, SessionId session);  // False when there is none.

  // For the gate: marks the session as seen. Any thread; empty when unknown, idle too long or over.
  std::optional<SessionFacts> use(std::string_view cookie, Instant now);
  // As use, without marking it.
  std::optional<SessionFacts> find(std::string_view cookie, Instant now) const;
  std::vector<SessionFacts> list(Instant now) const;  // Most recently seen first.

  // As Tokens::on_ended.
  void on_ended(std::function<void()> wake) { ended_ = std::move(wake); }

  // Writes behind when sessions were last seen and drops those that are over; one round.
  io::Task<void> flush();

 private:
  struct Held {
    SessionFacts facts;
    Instant saved_at;  // last_seen_at as the store has it.
  };
  struct DigestHash {
    std::size_t operator()(const crypto::Digest& digest) const;
  };
  using Map = std::unordered_map<crypto::Digest, Held, DigestHash>;

  std::span<const facts::Kind> applies() const override;
  Place load(sql::Statements& statements) override;
  void apply(const facts::Fact& fact) override;
  std::optional<SessionFacts> look(const crypto::Digest& digest, Instant now) const;
  void tell_ended(sql::Tx& tx, const std::vector<sql::Bytes>& digests);

  sql::Database& db_;
  const io::Clock& clock_;
  io::Random& random_;
  facts::Record& record_;
  std::string cookie_;
  io::Guarded<Map> held_;
  std::atomic<bool> ready_{false};
  std::function<void()> ended_;
};

}  // namespace molecule::auth
