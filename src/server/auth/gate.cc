#include "server/auth/gate.h"

#include <string>
#include <utility>

namespace molecule::auth {
namespace {

Refusal because(Reason reason) {
  Refusal refusal;
  refusal.reason = reason;
  return refusal;
}

// What a proof without a principal means, if it means refusal.
std::optional<Reason> disproof(const Proof& proof) {
  switch (proof.outcome) {
    case Proof::Outcome::nothing:
    case Proof::Outcome::proven: return std::nullopt;
    case Proof::Outcome::bad: return Reason::invalid;
    case Proof::Outcome::expired: return Reason::expired;
    case Proof::Outcome::contradicting: return Reason::bad_socket;
  }
  return Reason::invalid;
}

// While credentials cannot be checked, only what needs none is answered, and to nobody in
// particular.
std::optional<Refusal> admit_unready(const http::Route& route, http::Request& request) {
  if (route.access != &Open::access) return because(Reason::unready);
  request.principal = {};
  return std::nullopt;
}

void tell(const Allowance& allowance, http::Request& request) {
  using Kind = http::Quota::Kind;
  request.quota = {allowance.limit == 0 ? Kind::unlimited : Kind::counted, allowance.limit,
                   allowance.remaining, allowance.reset};
}

// The developer is who presents nothing in the dev profile. Registration asks who the agent is, and
// a developer is none.
void become_developer(const http::Route& route, Proof& proof) {
  if (route.access == &Enrol::access) return;
  proof.who = Who::developer;
  proof.principal.kind = static_cast<int>(Who::developer);
}

// A workspace's token counts no less than none: what asks as a workspace where only a developer may
// is the developer. Where being a workspace means something, it stays one.
void become_developer_for(const http::Route& route, Proof& proof, const http::Request& request) {
  if (proof.who != Who::workspace) return;
  bool for_operators = route.access == &Admin::access || route.access == &Operator::access;
  bool of_another =
      (route.access == &Self::access || route.access == &Holder::access) &&
      !request.params.empty() &&
      WorkspaceId::parse(request.params.front()) != WorkspaceId(proof.principal.subject);
  if (!for_operators && !of_another) return;
  proof.principal.subject = {};
  become_developer(route, proof);
}

// Only what a credential's end can change is judged again: not where the request came from, nor how
// often.
enum class Nothing { is_nobody, is_the_developer };
std::optional<http::Response> judge_again(Prover& prover, Instant now, const Reach& reach,
                                          const http::Route& route, http::Request& request,
                                          Nothing nothing) {
  if (!prover.ready()) return std::nullopt;
  Presented presented;
  read_presented(request, prover.session_cookie(), presented);
  Proof proof = prover.prove(presented, now, Prover::Mark::look);
  if (auto reason = disproof(proof)) return refuse(*route.access, because(*reason));
  if (nothing == Nothing::is_the_developer) {
    if (proof.outcome == Proof::Outcome::nothing) become_developer(route, proof);
    become_developer_for(route, proof, request);
  }
  if (auto refusal = apply_class(route, proof, reach, request))
    return refuse(*route.access, *refusal);
  return std::nullopt;
}

}  // namespace

RefusalProbe::RefusalProbe(metrics::Registry& registry) {
  for_each_enumerator<Reason>([&](std::string_view name) {
    counters_.push_back(&registry.counter("molecule_auth_refusals_total",
                                          "Requests that the gate refused, by reason.",
                                          {{"reason", std::string(name)}}));
  });
}

Gate::Gate(const GateParts& parts, http::Site site)
    : prover_(parts.tokens, parts.sessions, parts.keys, parts.admin),
      reach_(parts.reach),
      limits_(parts.limits),
      clock_(parts.clock),
      site_(std::move(site)),
      probe_(parts.metrics) {}

std::optional<http::Response> Gate::admit(const http::Route& route, http::Request& request) {
  auto refusal = decide(route, request);
  if (!refusal) return std::nullopt;
  request.principal = {};
  refusal->stranger_between = request.way == http::Way::claimed;
  probe_.count(refusal->reason);
  return refuse(*route.access, *refusal);
}

std::optional<http::Response> Gate::review(const http::Route& route, http::Request& request) {
  return judge_again(prover_, clock_.now(), reach_, route, request, Nothing::is_nobody);
}

Refusal Gate::failed(Reason reason, http::Request& request, std::uint32_t now) {
  Refusal refusal = because(reason);
  refusal.allowance = limits_.take(Counted::failure, address_key(request.peer), now);
  tell(refusal.allowance, request);
  if (!refusal.allowance.allowed) refusal.reason = Reason::limited;
  return refusal;
}

std::optional<Refusal> Gate::within_limits(const http::Route& route, const Proof& proof,
                                           http::Request& request, std::uint32_t now) {
  Allowance allowance;
  switch (proof.who) {
    case Who::nobody:
      if (limits_.counts(Counted::address) && !route.uncounted) {
        allowance = limits_.take(Counted::address, address_key(request.peer), now);
      }
      break;
    case Who::workspace:
    case Who::departed:
    case Who::read_key:
    case Who::operate_key:
    case Who::admin_key:
      allowance = limits_.take(Counted::credential, proof.principal.credential, now);
      break;
    case Who::admin_token:
    case Who::session:
    case Who::developer:
      allowance = limits_.take(Counted::operators, proof.principal.credential, now);
      break;
  }
  tell(allowance, request);
  if (allowance.allowed) return std::nullopt;
  Refusal refusal = because(Reason::limited);
  refusal.allowance = allowance;
  return refusal;
}

std::optional<Refusal> Gate::decide(const http::Route& route, http::Request& request) {
  if (!site_.host_allowed(request.host)) return because(Reason::host);
  if (!prover_.ready()) return admit_unready(route, request);
  Instant now = clock_.now();
  std::uint32_t seconds = limit_seconds(clock_);
  Presented presented;
  read_presented(request, prover_.session_cookie(), presented);
  if (presented.names_workspace() && claims_to_be_platform(presented)) {
    return because(Reason::reserved_caller);
  }
  Proof proof = prover_.prove(presented, now);
  if (auto reason = disproof(proof)) return failed(*reason, request, seconds);
  if (auto refusal = within_limits(route, proof, request, seconds)) return refusal;
  Ambient ambient = proof.who == Who::session ? Ambient::cookie : Ambient::no;
  if (auto reason = check_origin(site_, request, presented, ambient)) return because(*reason);
  if (auto refusal = check_names(presented, proof)) return refusal;
  return apply_class(route, proof, reach_, request);
}

DevGate::DevGate(const GateParts& parts, http::Site site)
    : prover_(parts.tokens, parts.sessions, parts.keys, parts.admin),
      reach_(parts.reach),
      clock_(parts.clock),
      site_(std::move(site)),
      probe_(parts.metrics) {}

std::optional<http::Response> DevGate::admit(const http::Route& route, http::Request& request) {
  request.quota.kind = http::Quota::Kind::unlimited;
  auto refusal = decide(route, request);
  if (!refusal) return std::nullopt;
  request.principal = {};
  refusal->stranger_between = request.way == http::Way::claimed;
  probe_.count(refusal->reason);
  return refuse(*route.access, *refusal);
}

std::optional<http::Response> DevGate::review(const http::Route& route, http::Request& request) {
  return judge_again(prover_, clock_.now(), reach_, route, request, Nothing::is_the_developer);
}

std::optional<Refusal> DevGate::decide(const http::Route& route, http::Request& request) {
  if (!site_.host_allowed(request.host)) return because(Reason::host);
  if (!prover_.ready()) return admit_unready(route, request);
  Presented presented;
  read_presented(request, prover_.session_cookie(), presented);
  if (presented.names_workspace() && claims_to_be_platform(presented)) {
    return because(Reason::reserved_caller);
  }
  // What was presented is checked as everywhere; only presenting nothing means something else here.
  Proof proof = prover_.prove(presented, clock_.now());
  if (auto reason = disproof(proof)) return because(*reason);
  Ambient ambient = proof.who == Who::session ? Ambient::cookie : Ambient::no;
  if (proof.outcome == Proof::Outcome::nothing) {
    ambient = Ambient::developer;
    become_developer(route, proof);
  }
  if (auto reason = check_origin(site_, request, presented, ambient)) return because(*reason);
  if (auto refusal = check_names(presented, proof)) return refusal;
  become_developer_for(route, proof, request);
  return apply_class(route, proof, reach_, request);
}

}  // namespace molecule::auth
