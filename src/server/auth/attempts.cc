#include "server/auth/attempts.h"

#include <chrono>
#include <utility>

#include "platform/json/json.h"
#include "wire/api/credentials.h"

namespace molecule::auth {

Fault failed_attempt(Limits& limits, const io::Clock& clock, std::string_view peer, Fault why) {
  const Allowance allowance = limits.take(Counted::claim, address_key(peer), limit_seconds(clock));
  if (allowance.allowed) return why;
  return Fault(Kind::rate_limited, "rate_limited", "rate limit exceeded")
      .with(json::members(api::RetryAfter{allowance.reset, {}}))
      .retry_after(std::chrono::seconds(allowance.reset));
}

}  // namespace molecule::auth
