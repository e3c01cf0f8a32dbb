#include "server/presence/direct_calls.h"

#include "platform/crypto/jws.h"
#include "platform/json/json.h"

namespace molecule::presence {

std::string DirectCalls::token(WorkspaceId caller, WorkspaceId target) const {
  const std::int64_t now = clock_.now().micros() / 1'000'000;
  json::Object header, claims;
  header.add("alg", crypto::jws_algorithm).add("typ", type).add("kid", issuer_);
  claims.add("iss", issuer_).add("sub", caller.text()).add("aud", target.text());
  claims.add("iat", now).add("exp", now + lives.count());
  claims.add("jti", random_.id<WorkspaceId>().text());
  return crypto::sign_compact(key_, header.text(), claims.text());
}

}  // namespace molecule::presence
