#include "server/auth/prover.h"

#include "platform/crypto/token.h"

namespace molecule::auth {
namespace {

Proof proven(Who who, const IdBytes& subject, const IdBytes& credential) {
  Proof proof;
  proof.outcome = Proof::Outcome::proven;
  proof.who = who;
  proof.principal.kind = static_cast<int>(who);
  proof.principal.subject = subject;
  proof.principal.credential = credential;
  return proof;
}

Proof failed(Proof::Outcome outcome) {
  Proof proof;
  proof.outcome = outcome;
  return proof;
}

Who who_with(api::KeyScope scope) {
  switch (scope) {
    case api::KeyScope::read: return Who::read_key;
    case api::KeyScope::operate: return Who::operate_key;
    case api::KeyScope::admin: return Who::admin_key;
  }
  return Who::read_key;
}

std::chrono::milliseconds until(Instant end, Instant now) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(end - now);
}

// Longer texts are no credential of ours and are not worth hashing.
constexpr std::size_t bearer_max = 4096;

}  // namespace

Proof Prover::prove_bearer(std::string_view text, Instant now, Mark mark) {
  if (text.size() > bearer_max) return failed(Proof::Outcome::bad);
  crypto::Digest digest = crypto::token_digest(text);
  if (admin_.matches(digest)) return proven(Who::admin_token, {}, {});
  if (!crypto::looks_like_token(text)) return failed(Proof::Outcome::bad);
  std::uint32_t seconds = table_seconds(now);
  auto facts = mark == Mark::use ? tokens_.use(digest, seconds) : tokens_.find(digest);
  if (!facts) return prove_key(digest, now, mark);
  if (facts->expired(seconds)) return failed(Proof::Outcome::expired);
  Proof proof = proven(facts->departed ? Who::departed : Who::workspace, facts->workspace.bytes(),
                       facts->id.bytes());
  if (facts->departed) {
    proof.departed_at = facts->ends_at;
  } else if (facts->ends_at != 0) {
    Instant end = Instant::from_micros(std::int64_t{facts->ends_at} * 1'000'000);
    proof.principal.lasts = until(end, now);
  }
  return proof;
}

Proof Prover::prove_key(const crypto::Digest& digest, Instant now, Mark mark) {
  auto facts = mark == Mark::use ? keys_.use(digest, now) : keys_.find(digest);
  if (!facts) return failed(Proof::Outcome::bad);
  if (facts->expired(now)) return failed(Proof::Outcome::expired);
  Proof proof = proven(who_with(facts->scope), {}, facts->id.bytes());
  proof.principal.mark = facts->mark;
  if (facts->expires_at) proof.principal.lasts = until(*facts->expires_at, now);
  return proof;
}

Proof Prover::prove(const Presented& presented, Instant now, Mark mark) {
  switch (presented.form) {
    case Presented::Form::nothing: return {};
    case Presented::Form::unreadable:
      return failed(presented.socket_credential ? Proof::Outcome::contradicting
                                                : Proof::Outcome::bad);
    case Presented::Form::bearer: return prove_bearer(presented.text, now, mark);
    case Presented::Form::cookie: {
      auto session = mark == Mark::use ? sessions_.use(presented.text, now)
                                       : sessions_.find(presented.text, now);
      if (!session) return {};
      Proof proof = proven(Who::session, {}, session->id.bytes());
      proof.principal.lasts = until(session->ends_at(), now);
      return proof;
    }
  }
  return {};
}

}  // namespace molecule::auth
