// From what was presented to who asks. The only place that turns a credential into a principal.
#pragma once

#include <cstdint>

#include "base/instant.h"
#include "platform/http/message.h"
#include "server/auth/access.h"
#include "server/auth/admin_token.h"
#include "server/auth/keys.h"
#include "server/auth/presented.h"
#include "server/auth/sessions.h"
#include "server/auth/tokens.h"

namespace molecule::auth {

struct Proof {
  enum class Outcome {
    nothing,  // Nothing was presented, or a cookie that is no longer good: a browser sends those
              // unasked.
    proven,
    bad,  // Presented on purpose and proves nothing.
    expired,
    contradicting,  // WebSocket credentials that do not agree.
  };
  Outcome outcome = Outcome::nothing;
  Who who = Who::nobody;
  http::Principal principal;
  std::uint32_t departed_at = 0;  // Of who == departed.
};

class Prover {
 public:
  Prover(Tokens& tokens, Sessions& sessions, Keys& keys, const AdminToken& admin)
      : tokens_(tokens), sessions_(sessions), keys_(keys), admin_(admin) {}

  // False until tokens, sessions and keys were read: then nothing can be proven or disproven.
  bool ready() const { return tokens_.ready() && sessions_.ready() && keys_.ready(); }
  std::string_view session_cookie() const { return sessions_.cookie(); }
  // `use` marks the credential as used, `look` leaves no trace. Any thread; never waits.
  enum class Mark { use, look };
  Proof prove(const Presented& presented, Instant now, Mark mark = Mark::use);

 private:
  Proof prove_bearer(std::string_view text, Instant now, Mark mark);
  Proof prove_key(const crypto::Digest& digest, Instant now, Mark mark);

  Tokens& tokens_;
  Sessions& sessions_;
  Keys& keys_;
  const AdminToken& admin_;
};

}  // namespace molecule::auth
