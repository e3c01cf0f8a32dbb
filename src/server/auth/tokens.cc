#include "server/auth/tokens.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "base/fault.h"
#include "platform/crypto/token.h"
#include "platform/log/log.h"
#include "platform/text/names.h"

namespace molecule::auth {
namespace {

// Rows read at once at start.
constexpr std::int64_t page_rows = 5000;
// Places of the table looked at in one round of writing behind.
constexpr std::size_t flush_places = 32768;

crypto::Digest digest_from(const sql::Bytes& bytes) {
  crypto::Digest digest{};
  if (bytes.size() != digest.size()) throw internal("a stored token digest has the wrong size");
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
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

io::Task<void> Tokens::open() {
  TokenId after;
  Instant now = clock_.now();
  for (bool more = true; more;) {
    auto look = [after](sql::Read& read) {
      return read.all(store::known_tokens, after, page_rows);
    };
    auto rows = co_await db_.read(look);
    table_.reserve(rows.size());
    for (const store::TokenRow& row : rows) {
      TokenFacts facts = facts_from(row);
      if (!facts.departed && residents_.standing(facts.workspace) == Standing::removed) {
        facts.departed = true;
        facts.ends_at = table_seconds(now);
      }
      table_.insert(digest_from(row.digest), facts);
    }
    more = static_cast<std::int64_t>(rows.size()) == page_rows;
    if (more) after = rows.back().id;
  }
  ready_.store(true, std::memory_order_release);
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
  tx.post(store::add_token, minted.id, workspace, sql::BytesView(digest), minted.prefix,
          options.label, now, options.expires_at);

  TokenFacts facts;
  facts.id = minted.id;
  facts.workspace = workspace;
  if (options.expires_at) facts.ends_at = std::max(1u, table_seconds(*options.expires_at));
  tx.after_commit([this, digest, facts]() mutable {
    // A removal that became durable first has already told its tokens; this one came too late for
    // it.
    if (residents_.standing(facts.workspace) == Standing::removed) {
      facts.departed = true;
      facts.ends_at = table_seconds(clock_.now());
    }
    table_.insert(digest, facts);
  });
  return minted;
}

void Tokens::end_after_commit(sql::Tx& tx, std::vector<sql::Bytes> digests,
                              std::optional<Instant> departed_at) {
  if (digests.empty()) return;
  std::vector<crypto::Digest> ended;
  ended.reserve(digests.size());
  for (const sql::Bytes& bytes : digests) ended.push_back(digest_from(bytes));
  tx.after_commit([this, ended = std::move(ended), departed_at] {
    for (const crypto::Digest& digest : ended) {
      if (departed_at) {
        table_.depart(digest, table_seconds(*departed_at));
      } else {
        table_.erase(digest);
      }
    }
    if (ended_) ended_();
  });
}

bool Tokens::revoke(sql::Tx& tx, WorkspaceId workspace, TokenId token) {
  auto ended = tx.all(store::revoke_token, workspace, token, clock_.now());
  bool found = !ended.empty();
  end_after_commit(tx, std::move(ended), std::nullopt);
  return found;
}

std::int64_t Tokens::revoke_all(sql::Tx& tx, WorkspaceId workspace) {
  auto ended = tx.all(store::revoke_tokens, workspace, clock_.now());
  auto count = static_cast<std::int64_t>(ended.size());
  end_after_commit(tx, std::move(ended), std::nullopt);
  return count;
}

std::int64_t Tokens::depart(sql::Tx& tx, WorkspaceId workspace) {
  Instant now = clock_.now();
  auto ended = tx.all(store::depart_tokens, workspace, now);
  auto count = static_cast<std::int64_t>(ended.size());
  end_after_commit(tx, std::move(ended), now);
  return count;
}

void Tokens::erase_all(sql::Tx& tx, WorkspaceId workspace) {
  end_after_commit(tx, tx.all(store::erase_tokens, workspace), std::nullopt);
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
