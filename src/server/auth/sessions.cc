#include "server/auth/sessions.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/fault.h"
#include "platform/crypto/encoding.h"
#include "platform/crypto/token.h"

namespace molecule::auth {
namespace {

// A session seen again within this time is not marked again: the mark takes the writer's lock.
constexpr std::chrono::seconds mark_after{10};

crypto::Digest digest_from(const sql::Bytes& bytes) {
  crypto::Digest digest{};
  if (bytes.size() != digest.size()) throw internal("a stored session digest has the wrong size");
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

crypto::Digest digest_from(const std::string& hex) {
  return digest_from(crypto::hex_decode(hex).value_or(sql::Bytes{}));
}

constexpr std::array<facts::Kind, 2> kinds{facts::Internal::SESSION_BEGUN,
                                           facts::Internal::SESSIONS_ENDED};

bool over(const SessionFacts& facts, Instant now) { return facts.ends_at() <= now; }

}  // namespace

Instant SessionFacts::ends_at() const {
  return std::min(expires_at, last_seen_at + Sessions::idle);
}

Secret Claims::add(sql::Tx& tx) {
  Instant now = clock_.now();
  tx.run(store::sweep_claims, now);
  // Every start prints a link; one that starts often must not be kept from starting by old links.
  if (tx.one(store::count_claims, now) >= open_max) tx.run(store::drop_oldest_claim);
  Secret code = crypto::make_token(random_);
  crypto::Digest digest = crypto::token_digest(code.reveal());
  tx.post(store::add_claim, sql::BytesView(digest), now, now + lifetime);
  return code;
}

bool Claims::is_code(std::string_view text) { return crypto::looks_like_token(text); }

bool Claims::is_open(sql::Statements& statements, std::string_view code) const {
  if (!is_code(code)) return false;
  crypto::Digest digest = crypto::token_digest(code);
  return statements.one(store::open_claim, sql::BytesView(digest), clock_.now()) == 1;
}

bool Claims::spend(sql::Tx& tx, std::string_view code) {
  if (!is_code(code)) return false;
  crypto::Digest digest = crypto::token_digest(code);
  return tx.run(store::spend_claim, sql::BytesView(digest), clock_.now()) == 1;
}

std::size_t Sessions::DigestHash::operator()(const crypto::Digest& digest) const {
  std::size_t first;
  std::memcpy(&first, digest.data(), sizeof first);
  return first;
}

std::span<const facts::Kind> Sessions::applies() const { return kinds; }

Sessions::Place Sessions::load(sql::Statements& statements) {
  auto rows = statements.all(store::all_sessions, open_max);
  return [this, rows = std::move(rows)] {
    held_.write([&](Map& map) {
      map.clear();
      for (const store::SessionRow& row : rows) {
        SessionFacts facts{row.id, row.created_at, row.expires_at, row.last_seen_at};
        map.emplace(digest_from(row.digest), Held{facts, row.last_seen_at});
      }
    });
    ready_.store(true, std::memory_order_release);
  };
}

void Sessions::apply(const facts::Fact& fact) {
  if (fact.kind == facts::Kind(facts::Internal::SESSION_BEGUN)) {
    auto begun = fact.read<facts::SessionBegun>();
    Held held{{begun.id, fact.at, Instant::from_micros(begun.expires_at), fact.at}, fact.at};
    held_.write([&](Map& map) { map.emplace(digest_from(begun.digest), held); });
    return;
  }
  auto ended = fact.read<facts::SessionsEnded>();
  held_.write([&](Map& map) {
    for (const std::string& hex : ended.digests) map.erase(digest_from(hex));
  });
  if (ended_) ended_();
}

Sessions::Opened Sessions::start(sql::Tx& tx) {
  Instant now = clock_.now();
  Opened opened{random_.ordered_id<SessionId>(now), crypto::make_token(random_), now + lifetime};
  crypto::Digest digest = crypto::token_digest(opened.text.reveal());
  tx.run(store::add_session, opened.id, sql::BytesView(digest), now, opened.expires_at);
  tell_ended(tx, tx.all(store::crowd_out_sessions, open_max));
  record_.note<facts::Internal::SESSION_BEGUN>(
      tx, {}, {opened.id, crypto::hex_encode(digest), opened.expires_at.micros()}, now);
  return opened;
}

bool Sessions::end(sql::Tx& tx, SessionId session) {
  auto ended = tx.all(store::end_session, session);
  bool found = !ended.empty();
  tell_ended(tx, ended);
  return found;
}

void Sessions::tell_ended(sql::Tx& tx, const std::vector<sql::Bytes>& digests) {
  if (digests.empty()) return;
  facts::SessionsEnded ended;
  for (const sql::Bytes& digest : digests) ended.digests.push_back(crypto::hex_encode(digest));
  record_.note<facts::Internal::SESSIONS_ENDED>(tx, {}, ended);
}

std::optional<SessionFacts> Sessions::look(const crypto::Digest& digest, Instant now) const {
  // The map finds by the digest's first bits and compares digests, not texts: nothing that a guess
  // could learn from its time leads back to a cookie.
  auto found = held_.read([&](const Map& map) -> std::optional<SessionFacts> {
    auto it = map.find(digest);
    if (it == map.end()) return std::nullopt;
    return it->second.facts;
  });
  if (!found || over(*found, now)) return std::nullopt;
  return found;
}

std::optional<SessionFacts> Sessions::find(std::string_view cookie, Instant now) const {
  if (!crypto::looks_like_token(cookie)) return std::nullopt;
  return look(crypto::token_digest(cookie), now);
}

std::optional<SessionFacts> Sessions::use(std::string_view cookie, Instant now) {
  if (!crypto::looks_like_token(cookie)) return std::nullopt;
  crypto::Digest digest = crypto::token_digest(cookie);
  auto found = look(digest, now);
  if (!found) return std::nullopt;
  if (now - found->last_seen_at >= mark_after) {
    held_.write([&](Map& map) {
      auto it = map.find(digest);
      if (it != map.end())
        it->second.facts.last_seen_at = std::max(it->second.facts.last_seen_at, now);
    });
    found->last_seen_at = now;
  }
  return found;
}

std::vector<SessionFacts> Sessions::list(Instant now) const {
  auto sessions = held_.read([&](const Map& map) {
    std::vector<SessionFacts> open;
    for (const auto& [digest, held] : map) {
      if (!over(held.facts, now)) open.push_back(held.facts);
    }
    return open;
  });
  std::sort(sessions.begin(), sessions.end(), [](const SessionFacts& a, const SessionFacts& b) {
    return a.last_seen_at != b.last_seen_at ? a.last_seen_at > b.last_seen_at : b.id < a.id;
  });
  return sessions;
}

io::Task<void> Sessions::flush() {
  Instant now = clock_.now();
  struct Mark {
    SessionId id;
    Instant at;
  };
  bool ended = false;
  std::vector<Mark> marks = held_.read([&](const Map& map) {
    std::vector<Mark> seen;
    for (const auto& [digest, held] : map) {
      ended = ended || over(held.facts, now);
      if (held.facts.last_seen_at > held.saved_at)
        seen.push_back({held.facts.id, held.facts.last_seen_at});
    }
    return seen;
  });
  if (marks.empty() && !ended) co_return;
  auto work = [this, marks, now](sql::Tx& tx) {
    // Marks first: a session seen lately must not be swept for what the store knew of it before.
    for (const Mark& mark : marks) tx.post(store::touch_session, mark.id, mark.at);
    tell_ended(tx, tx.all(store::sweep_sessions, now, now - idle));
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
