#include "server/auth/tokens.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "base/fault.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/token.h"
#include "platform/log/log.h"
#include "platform/text/names.h"

namespace molecule::auth {
namespace {

// Rows read at once at start.
constexpr std::int64_t page_rows = 5000;
constexpr std::array<facts::Kind, 2> kinds{facts::Internal::TOKEN_ISSUED,
                                           facts::Internal::TOKENS_ENDED};
// Places of the table looked at in one round of writing behind.
constexpr std::size_t flush_places = 32768;

crypto::Digest digest_from(const sql::Bytes& bytes) {
  crypto::Digest digest{};
  if (bytes.size() != digest.size()) throw internal("a stored token digest has the wrong size");
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

crypto::Digest digest_from(const std::string& hex) {
  return digest_from(crypto::hex_decode(hex).value_or(sql::Bytes{}));
}

TokenFacts facts_from(const store::TokenRow& row) {
  TokenFacts facts;
  facts.id = row.id;
  facts.workspace = row.workspace_id;
  facts.departed = row.state == TokenState::departed;
  if (facts.departed) {
    facts.ends_at = table_seconds(row.ended_at.value_or(row.created_at));
  } else if (row.expires_at) {
    facts.ends_at = std::max(1u, table_seconds(*row.expires_at));
  }
  if (row.last_used_at) facts.last_used = table_seconds(*row.last_used_at);
  return facts;
}

}  // namespace

std::uint32_t table_seconds(Instant at) {
  constexpr std::int64_t last = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(at.seconds(), 0, last));
}

std::span<const facts::Kind> Tokens::applies() const { return kinds; }

// Its workspace was removed before it came.
void Tokens::let_depart(TokenFacts& facts, Instant at) const {
  if (facts.departed || residents_.standing(facts.workspace) != Standing::removed) return;
  facts.departed = true;
  facts.ends_at = table_seconds(at);
}

Tokens::Place Tokens::load(sql::Statements& statements) {
  std::vector<std::pair<crypto::Digest, TokenFacts>> known;
  TokenId after;
  for (bool more = true; more;) {
    auto rows = statements.all(store::known_tokens, after, page_rows);
    for (const store::TokenRow& row : rows)
      known.emplace_back(digest_from(row.digest), facts_from(row));
    more = static_cast<std::int64_t>(rows.size()) == page_rows;
    if (more) after = rows.back().id;
  }
  return [this, known = std::move(known)]() mutable {
    table_.reserve(known.size());
    for (auto& [digest, facts] : known) {
      let_depart(facts, clock_.now());
      table_.insert(digest, facts);
    }
    ready_.store(true, std::memory_order_release);
  };
}

void Tokens::apply(const facts::Fact& fact) {
  if (fact.kind == facts::Kind(facts::Internal::TOKEN_ISSUED)) {
    auto issued = fact.read<facts::TokenIssued>();
    TokenFacts facts;
    facts.id = issued.id;
    facts.workspace = fact.workspace;
    facts.ends_at = static_cast<std::uint32_t>(issued.ends_at);
    // A removal that became durable first has already told its tokens; this one came too late for
    // it.
    let_depart(facts, fact.at);
    table_.insert(digest_from(issued.digest), facts);
    return;
  }
  auto ended = fact.read<facts::TokensEnded>();
  for (const std::string& hex : ended.digests) {
    if (ended.departed) {
      table_.depart(digest_from(hex), table_seconds(fact.at));
    } else {
      table_.erase(digest_from(hex));
    }
  }
  if (ended_) ended_();
}

MintedToken Tokens::mint(sql::Tx& tx, WorkspaceId workspace, const TokenOptions& options) {
  Instant now = clock_.now();
  if (options.label && options.label->size() > label_max) {
    throw bad_request("label_too_long", fmt::format("a label has at most {} bytes", label_max));
  }
  if (options.label) {
    if (auto flaw = text::flaw_of_line(*options.label))
      throw bad_request("invalid_label", fmt::format("a label {}", *flaw));
  }
  if (options.expires_at && *options.expires_at <= now) {
    throw bad_request("expiry_past", "expires_at must be in the future");
  }
  if (tx.one(store::count_tokens, workspace, now) >= live_max) {
    throw Fault(Kind::rate_limited, "too_many_tokens",
                fmt::format("a workspace has at most {} live tokens; revoke one first", live_max));
  }
  MintedToken minted;
  minted.id = random_.ordered_id<TokenId>(now);
  minted.text = crypto::make_token(random_);
  minted.prefix = minted.text.reveal().substr(0, prefix_size);
  minted.expires_at = options.expires_at;
  crypto::Digest digest = crypto::token_digest(minted.text.reveal());
  std::optional<std::string> maker;
  if (!options.made_by.empty()) maker = options.made_by;
  tx.post(store::add_token, minted.id, workspace, sql::BytesView(digest), minted.prefix,
          options.label, now, options.expires_at, maker);

  std::int64_t ends_at = 0;
  if (options.expires_at) ends_at = std::max(1u, table_seconds(*options.expires_at));
  record_.note<facts::Internal::TOKEN_ISSUED>(
      tx, workspace, {minted.id, crypto::hex_encode(digest), ends_at}, now);
  return minted;
}

void Tokens::tell_ended(sql::Tx& tx, WorkspaceId workspace, const std::vector<sql::Bytes>& digests,
                        std::optional<Instant> departed_at) {
  if (digests.empty()) return;
  facts::TokensEnded ended;
  ended.departed = departed_at.has_value();
  for (const sql::Bytes& digest : digests) ended.digests.push_back(crypto::hex_encode(digest));
  record_.note<facts::Internal::TOKENS_ENDED>(tx, workspace, ended, departed_at);
}

void Tokens::tell_revoked(sql::Tx& tx, WorkspaceId workspace,
                          const std::vector<store::EndedToken>& revoked) {
  std::vector<sql::Bytes> digests;
  for (const store::EndedToken& each : revoked) digests.push_back(each.digest);
  tell_ended(tx, workspace, digests, std::nullopt);
}

std::optional<store::EndedToken> Tokens::revoke(sql::Tx& tx, WorkspaceId workspace, TokenId token) {
  auto ended = tx.all(store::revoke_token, workspace, token, clock_.now());
  if (ended.empty()) return std::nullopt;
  tell_revoked(tx, workspace, ended);
  return std::move(ended.front());
}

bool Tokens::revoke_unused(sql::Tx& tx, WorkspaceId workspace, TokenId token) {
  const auto use = tx.optional(store::token_use, workspace, token);
  if (!use || use->last_used_at) return false;
  // Marks are written behind: memory may know better.
  const auto known = table_.find(digest_from(use->digest));
  if (known && known->last_used != 0) return false;
  return revoke(tx, workspace, token).has_value();
}

std::vector<store::EndedToken> Tokens::revoke_all(sql::Tx& tx, WorkspaceId workspace) {
  auto ended = tx.all(store::revoke_tokens, workspace, clock_.now());
  tell_revoked(tx, workspace, ended);
  return ended;
}

std::int64_t Tokens::depart(sql::Tx& tx, WorkspaceId workspace) {
  Instant now = clock_.now();
  auto ended = tx.all(store::depart_tokens, workspace, now);
  auto count = static_cast<std::int64_t>(ended.size());
  tell_ended(tx, workspace, ended, now);
  return count;
}

void Tokens::erase_all(sql::Tx& tx, WorkspaceId workspace) {
  tell_ended(tx, workspace, tx.all(store::erase_tokens, workspace), std::nullopt);
}

bool Tokens::has_live(sql::Tx& tx, WorkspaceId workspace) {
  return tx.one(store::count_tokens, workspace, clock_.now()) > 0;
}

bool Tokens::was_used(sql::Tx& tx, WorkspaceId workspace) {
  for (const store::TokenUse& use : tx.all(store::token_uses, workspace)) {
    if (use.last_used_at) return true;
    // The newest marks are in memory only.
    auto facts = table_.find(digest_from(use.digest));
    if (facts && facts->last_used != 0) return true;
  }
  return false;
}

io::Task<std::vector<store::TokenRow>> Tokens::list(WorkspaceId workspace, std::int64_t limit,
                                                    std::int64_t offset) {
  auto look = [=](sql::Read& read) {
    return read.all(store::list_tokens, workspace, limit, offset);
  };
  auto rows = co_await db_.read(look);
  for (store::TokenRow& row : rows) {
    auto facts = table_.find(digest_from(row.digest));
    if (!facts || facts->last_used == 0) continue;
    Instant used = Instant::from_micros(std::int64_t{facts->last_used} * 1'000'000);
    if (!row.last_used_at || *row.last_used_at < used) row.last_used_at = used;
  }
  co_return rows;
}

io::Task<void> Tokens::flush() {
  std::vector<TokenTable::Used> used = table_.take_used(flush_places, flush_max);
  if (used.empty()) co_return;
  auto work = [used = std::move(used)](sql::Tx& tx) {
    for (const TokenTable::Used& mark : used) {
      tx.post(store::touch_token, mark.id, Instant::from_micros(std::int64_t{mark.at} * 1'000'000));
    }
  };
  co_await db_.write(work);
}

}  // namespace molecule::auth
