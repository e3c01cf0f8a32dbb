// The gates: every request that has a route passes one before its body is read. Deny by default.
//
// Gate is the production gate. DevGate is another class with another rule, made only for the dev
// profile, which binds loopback only: there a request without a credential is the developer's and
// may do what an operator may. Neither has a branch into the other.
#pragma once

#include <optional>

#include "platform/http/route.h"
#include "platform/io/clock.h"
#include "platform/metrics/metrics.h"
#include "server/auth/limits.h"
#include "server/auth/prover.h"
#include "server/auth/refusal.h"
#include "server/auth/rules.h"

namespace molecule::auth {

// What both gates stand on. All of it outlives the gate.
struct GateParts {
  Tokens& tokens;
  Sessions& sessions;
  Keys& keys;
  const AdminToken& admin;
  const Reach& reach;
  Limits& limits;
  const io::Clock& clock;
  metrics::Registry& metrics;
};

// Counts refusals by reason.
class RefusalProbe {
 public:
  explicit RefusalProbe(metrics::Registry& registry);
  void count(Reason reason) { counters_[static_cast<std::size_t>(reason)]->add(); }

 private:
  std::vector<metrics::Counter*> counters_;
};

class Gate final : public http::Gate {
 public:
  Gate(const GateParts& parts, http::Site site);
  std::optional<http::Response> admit(const http::Route& route, http::Request& request) override;
  std::optional<http::Response> review(const http::Route& route, http::Request& request) override;

 private:
  std::optional<Refusal> decide(const http::Route& route, http::Request& request);
  std::optional<Refusal> within_limits(const http::Route& route, const Proof& proof,
                                       http::Request& request, std::uint32_t now);
  Refusal failed(Reason reason, http::Request& request, std::uint32_t now);

  Prover prover_;
  const Reach& reach_;
  Limits& limits_;
  const io::Clock& clock_;
  http::Site site_;
  RefusalProbe probe_;
};

class DevGate final : public http::Gate {
 public:
  DevGate(const GateParts& parts, http::Site site);
  std::optional<http::Response> admit(const http::Route& route, http::Request& request) override;
  std::optional<http::Response> review(const http::Route& route, http::Request& request) override;

 private:
  std::optional<Refusal> decide(const http::Route& route, http::Request& request);

  Prover prover_;
  const Reach& reach_;
  const io::Clock& clock_;
  http::Site site_;
  RefusalProbe probe_;
};

}  // namespace molecule::auth
