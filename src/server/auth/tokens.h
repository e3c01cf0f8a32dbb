// Workspace tokens: minted, listed, ended, and kept in memory for the gate. A token belongs to one
// workspace; only its SHA-256 is stored, the text is shown once.
//
// The calls that take a transaction are for slices whose own change brings a token with it (create,
// register, rotate, delete); the gate follows when that transaction is durable, by the facts that
// they put on the log.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/id.h"
#include "base/instant.h"
#include "base/secret.h"
#include "platform/io/clock.h"
#include "platform/io/task.h"
#include "platform/sql/database.h"
#include "server/auth/residents.h"
#include "server/auth/token_table.h"
#include "server/auth/tokens_store.h"
#include "server/facts/record.h"

namespace molecule::auth {

struct TokenOptions {
  static TokenOptions by(std::string maker) {
    TokenOptions options;
    options.made_by = std::move(maker);
    return options;
  }

  std::optional<std::string> label;   // At most label_max bytes.
  std::optional<Instant> expires_at;  // In the future.
  std::string made_by = {};           // As Caller::actor; empty: not noted.
};

struct MintedToken {
  TokenId id;
  Secret text;         // To be shown once and never kept.
  std::string prefix;  // The first characters, by which a person recognises it.
  std::optional<Instant> expires_at;
};

class Tokens final : public facts::Projection {
 public:
  static constexpr std::int64_t live_max = 50;  // Of one workspace; one more is refused (429).
  static constexpr std::size_t label_max = 100;
  static constexpr std::size_t prefix_size = 12;  // "mol_" and eight more.

  // Joins the record after the workspaces. Until it was read ready() is false and the gate admits
  // nobody.
  Tokens(sql::Database& db, const io::Clock& clock, io::Random& random, const Residents& residents,
         facts::Record& record)
      : db_(db), clock_(clock), random_(random), residents_(residents), record_(record) {}

  bool ready() const { return ready_.load(std::memory_order_acquire); }

  // In the caller's transaction. Throws Fault rate_limited `too_many_tokens` at live_max and
  // bad_request for an expiry in the past or a label that is too long. Does not ask whether the
  // workspace exists; when it turns out to be removed by then, the token is born departed.
  MintedToken mint(sql::Tx& tx, WorkspaceId workspace, const TokenOptions& options = {});
  // Nothing when no live token of that workspace has this id.
  std::optional<store::EndedToken> revoke(sql::Tx& tx, WorkspaceId workspace, TokenId token);
  // The same of one that nobody has presented; false for one that somebody has.
  bool revoke_unused(sql::Tx& tx, WorkspaceId workspace, TokenId token);
  std::vector<store::EndedToken> revoke_all(sql::Tx& tx, WorkspaceId workspace);
  // The workspace was removed: its tokens still say so to their holders, and nothing else.
  std::int64_t depart(sql::Tx& tx, WorkspaceId workspace);
  void erase_all(sql::Tx& tx, WorkspaceId workspace);  // Purged.
  bool has_live(sql::Tx& tx, WorkspaceId workspace);
  // Whether any token of it, ended ones included, was ever presented.
  bool was_used(sql::Tx& tx, WorkspaceId workspace);

  // Live tokens, newest first, with their last use as memory knows it.
  io::Task<std::vector<store::TokenRow>> list(WorkspaceId workspace, std::int64_t limit,
                                              std::int64_t offset);

  // For the gate: any thread, never waits.
  std::optional<TokenFacts> use(const crypto::Digest& digest, std::uint32_t now) {
    return table_.use(digest, now);
  }
  std::optional<TokenFacts> find(const crypto::Digest& digest) const { return table_.find(digest); }
  std::size_t size() const { return table_.size(); }

  // Called after tokens have ended, from the store's thread: must only wake something. Registered
  // at start. A token that expires by itself is not told: its proof says when.
  void on_ended(std::function<void()> wake) { ended_ = std::move(wake); }

  // Writes behind when tokens were last used; one round. A token's mark may wait some rounds when
  // many are in use: at most flush_max rows a round. Marks of a round that failed are lost until
  // the next use.
  static constexpr std::size_t flush_max = 512;
  io::Task<void> flush();

 private:
  std::span<const facts::Kind> applies() const override;
  Place load(sql::Statements& statements) override;
  void apply(const facts::Fact& fact) override;
  void tell_ended(sql::Tx& tx, WorkspaceId workspace, const std::vector<sql::Bytes>& digests,
                  std::optional<Instant> departed_at);
  void tell_revoked(sql::Tx& tx, WorkspaceId workspace,
                    const std::vector<store::EndedToken>& revoked);
  void let_depart(TokenFacts& facts, Instant at) const;

  sql::Database& db_;
  const io::Clock& clock_;
  io::Random& random_;
  const Residents& residents_;
  facts::Record& record_;
  TokenTable table_;
  std::atomic<bool> ready_{false};
  std::function<void()> ended_;
};

// Seconds for the table; times beyond its range count as its ends.
std::uint32_t table_seconds(Instant at);

}  // namespace molecule::auth
