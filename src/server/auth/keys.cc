#include "server/auth/keys.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/core.h>

#include "base/fault.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/token.h"
#include "platform/text/names.h"

namespace molecule::auth {
namespace {

// A key used again within this time is not marked again: the mark takes the writer's lock.
constexpr std::chrono::seconds mark_after{10};
constexpr std::array<facts::Kind, 2> kinds{facts::Internal::KEY_ISSUED, facts::Internal::KEY_ENDED};

crypto::Digest digest_from(const sql::Bytes& bytes) {
  crypto::Digest digest{};
  if (bytes.size() != digest.size()) throw internal("a stored key digest has the wrong size");
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

crypto::Digest digest_from(const std::string& hex) {
  return digest_from(crypto::hex_decode(hex).value_or(sql::Bytes{}));
}

std::array<char, 16> mark_from(std::string_view prefix) {
  std::array<char, 16> mark{};
  std::copy_n(prefix.begin(), std::min(prefix.size(), mark.size()), mark.begin());
  return mark;
}

KeyFacts facts_from(const store::KeyRow& row) {
  return {row.id, row.scope, mark_from(row.prefix), row.expires_at, row.last_used_at};
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char each) { return (static_cast<unsigned char>(each) & 0xc0U) != 0x80U; }));
}

std::string checked_name(const api::NewKey& wanted) {
  if (!wanted.name) return {};
  if (characters(*wanted.name) > Keys::name_max) {
    throw bad_request("label_too_long",
                      fmt::format("name too long (max {} chars)", Keys::name_max));
  }
  if (auto flaw = text::flaw_of_line(*wanted.name))
    throw bad_request("invalid_label", fmt::format("a name {}", *flaw));
  return *wanted.name;
}

}  // namespace

std::string Caller::actor() const {
  switch (who()) {
    case Who::nobody:
    case Who::workspace:
    case Who::departed: return {};
    case Who::admin_token: return "admin-token";
    case Who::session: return "session";
    case Who::developer: return "developer";
    case Who::read_key:
    case Who::operate_key:
    case Who::admin_key: break;
  }
  const auto& mark = principal_.mark;
  return "org-token:" + std::string(mark.begin(), std::ranges::find(mark, '\0'));
}

json::Omit<std::string> Caller::by() const {
  json::Omit<std::string> key;
  if (is_key(who())) key = actor();
  return key;
}

std::size_t Keys::DigestHash::operator()(const crypto::Digest& digest) const {
  std::size_t first;
  std::memcpy(&first, digest.data(), sizeof first);
  return first;
}

std::span<const facts::Kind> Keys::applies() const { return kinds; }

Keys::Place Keys::load(sql::Statements& statements) {
  auto rows = statements.all(store::all_keys, keys_max);
  return [this, rows = std::move(rows)] {
    held_.write([&](Map& map) {
      map.clear();
      for (const store::KeyRow& row : rows)
        map.emplace(digest_from(row.digest), Held{facts_from(row), row.last_used_at});
    });
    ready_.store(true, std::memory_order_release);
  };
}

void Keys::apply(const facts::Fact& fact) {
  if (fact.kind == facts::Kind(facts::Internal::KEY_ISSUED)) {
    auto issued = fact.read<facts::KeyIssued>();
    KeyFacts known{issued.id, issued.scope, mark_from(issued.prefix), std::nullopt, std::nullopt};
    if (issued.expires_at) known.expires_at = Instant::from_micros(*issued.expires_at);
    held_.write([&](Map& map) { map.emplace(digest_from(issued.digest), Held{known, {}}); });
    return;
  }
  auto ended = fact.read<facts::KeyEnded>();
  held_.write([&](Map& map) { map.erase(digest_from(ended.digest)); });
  if (ended_) ended_();
}

std::optional<Instant> Keys::end_of(sql::Tx& tx, const Caller& maker) const {
  const auto key = maker.key();
  if (!key) return std::nullopt;
  const auto own = tx.optional(store::live_key, *key, clock_.now());
  if (!own) throw Fault(Kind::unauthenticated, "invalid_admin_token", "invalid admin auth token");
  return own->expires_at;
}

// A key must not leave more behind than it is: what it makes ends with it or before.
std::optional<Instant> Keys::expiry_of(sql::Tx& tx, const api::NewKey& wanted,
                                       const Caller& maker) const {
  const Instant now = clock_.now();
  std::optional<Instant> end;
  if (wanted.expires_at) end = *wanted.expires_at;
  if (end && *end <= now) throw bad_request("expiry_past", "expires_at must be in the future");
  const auto own = end_of(tx, maker);
  if (!own) return end;
  if (!end) return own;
  if (*end > *own) {
    throw Fault(Kind::forbidden, "key_outlives_maker",
                "a key cannot make one that lasts longer than itself");
  }
  return end;
}

void Keys::make_room(sql::Tx& tx, const Caller& maker) {
  if (tx.one(store::count_keys) < keys_max) return;
  if (auto over = tx.optional(store::oldest_expired_key, clock_.now())) {
    revoke(tx, *over, maker);
    return;
  }
  throw Fault(Kind::rate_limited, "too_many_keys",
              fmt::format("there are {} keys; revoke one first", keys_max));
}

MintedKey Keys::mint(sql::Tx& tx, const api::NewKey& wanted, const Caller& maker) {
  MintedKey minted;
  store::KeyRow& row = minted.row;
  row.name = checked_name(wanted);
  row.scope = wanted.scope ? *wanted.scope : api::KeyScope::operate;
  row.expires_at = expiry_of(tx, wanted, maker);
  make_room(tx, maker);
  row.created_at = clock_.now();
  row.created_by = maker.actor();
  row.id = random_.ordered_id<KeyId>(row.created_at);
  minted.text = crypto::make_token(random_);
  row.prefix = minted.text.reveal().substr(0, prefix_size);
  const crypto::Digest digest = crypto::token_digest(minted.text.reveal());
  tx.run(store::add_key, row.id, sql::BytesView(digest), row.prefix, row.name, row.scope,
         row.created_by, row.created_at, row.expires_at);
  facts::KeyIssued issued{row.id, crypto::hex_encode(digest), row.prefix, row.scope, std::nullopt};
  if (row.expires_at) issued.expires_at = row.expires_at->micros();
  record_.note<facts::Internal::KEY_ISSUED>(tx, {}, issued, row.created_at);
  if (shown_ && row.scope != api::KeyScope::admin) shown_(tx);
  return minted;
}

bool Keys::shows_ids(sql::Statements& statements) const {
  return statements.optional(store::other_key, api::KeyScope::admin, clock_.now()).has_value();
}

std::optional<store::KeyRow> Keys::revoke(sql::Tx& tx, KeyId key, const Caller& by) {
  auto ended = tx.optional(store::revoke_key, key);
  if (ended) {
    record_.note<facts::Internal::KEY_ENDED>(tx, {},
                                             {crypto::hex_encode(digest_from(ended->digest))});
    for (KeyEnd* one : at_end_) one->ended(tx, *ended, by);
  }
  return ended;
}

std::optional<KeyFacts> Keys::find(const crypto::Digest& digest) const {
  // As Sessions::look: by digest, so the time it takes leads back to no text.
  return held_.read([&](const Map& map) -> std::optional<KeyFacts> {
    auto it = map.find(digest);
    if (it == map.end()) return std::nullopt;
    return it->second.facts;
  });
}

std::optional<KeyFacts> Keys::use(const crypto::Digest& digest, Instant now) {
  auto found = find(digest);
  if (!found || found->expired(now)) return found;
  if (found->last_used_at && now - *found->last_used_at < mark_after) return found;
  held_.write([&](Map& map) {
    auto it = map.find(digest);
    if (it != map.end()) it->second.facts.last_used_at = now;
  });
  found->last_used_at = now;
  return found;
}

std::size_t Keys::size() const {
  return held_.read([](const Map& map) { return map.size(); });
}

io::Task<std::vector<store::KeyRow>> Keys::list() {
  auto rows =
      co_await db_.read([](sql::Read& read) { return read.all(store::all_keys, keys_max); });
  for (store::KeyRow& row : rows) {
    auto known = find(digest_from(row.digest));
    if (known && known->last_used_at) row.last_used_at = known->last_used_at;
  }
  co_return rows;
}

io::Task<std::optional<store::KeyRow>> Keys::find(KeyId key) {
  auto look = [this, key](sql::Read& read) {
    return read.optional(store::live_key, key, clock_.now());
  };
  co_return co_await db_.read(look);
}

io::Task<void> Keys::flush() {
  struct Mark {
    KeyId id;
    Instant at;
  };
  std::vector<Mark> marks = held_.read([](const Map& map) {
    std::vector<Mark> used;
    for (const auto& [digest, held] : map) {
      if (held.facts.last_used_at && held.facts.last_used_at != held.saved_at)
        used.push_back({held.facts.id, *held.facts.last_used_at});
    }
    return used;
  });
  if (marks.empty()) co_return;
  auto work = [&marks](sql::Tx& tx) {
    for (const Mark& mark : marks) tx.post(store::touch_key, mark.id, mark.at);
  };
  co_await db_.write(work);
  held_.write([&](Map& map) {
    for (auto& [digest, held] : map) {
      for (const Mark& mark : marks) {
        if (mark.id == held.facts.id) held.saved_at = mark.at;
      }
    }
  });
}

}  // namespace molecule::auth
