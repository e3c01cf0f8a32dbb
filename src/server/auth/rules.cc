#include "server/auth/rules.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "platform/log/log.h"

namespace molecule::auth {
namespace {

enum class Level { open, enrol, member, peer, self, own, operators, holder, admin };

std::optional<Level> find_level(const http::Access* access) {
  if (access == &Open::access) return Level::open;
  if (access == &Enrol::access) return Level::enrol;
  if (access == &Member::access) return Level::member;
  if (access == &Peer::access) return Level::peer;
  if (access == &Self::access) return Level::self;
  if (access == &Own::access) return Level::own;
  if (access == &Operator::access) return Level::operators;
  if (access == &Holder::access) return Level::holder;
  if (access == &Admin::access) return Level::admin;
  return std::nullopt;
}

Level level_of(const http::Route& route) {
  auto level = find_level(route.access);
  // A route that nobody decided about must not be served at all.
  if (!level) std::abort();
  return *level;
}

bool names_workspace(Level level) {
  return level == Level::peer || level == Level::self || level == Level::own ||
         level == Level::holder;
}

bool for_operators(Level level) { return level == Level::operators || level == Level::admin; }

bool safe_method(http::Method method) {
  return method == http::Method::get || method == http::Method::head ||
         method == http::Method::options;
}

// Routes that tell an agent that its workspace was removed.
constexpr std::array<std::string_view, 2> farewells{"/workspaces/{id}", "/workspaces/{id}/state"};

bool is_farewell(const http::Route& route) {
  return route.method == http::Method::get &&
         std::find(farewells.begin(), farewells.end(), route.pattern) != farewells.end();
}

Refusal because(Reason reason) {
  Refusal refusal;
  refusal.reason = reason;
  return refusal;
}

std::optional<WorkspaceId> named_by_path(const http::Request& request) {
  if (request.params.empty()) return std::nullopt;
  return WorkspaceId::parse(request.params.front());
}

std::optional<Refusal> departed_rule(const http::Route& route, Level level, const Proof& proof,
                                     const http::Request& request) {
  if (level == Level::open) return std::nullopt;
  WorkspaceId self(proof.principal.subject);
  if (names_workspace(level) && level != Level::own && is_farewell(route)) {
    auto named = named_by_path(request);
    if (named == self) return std::nullopt;
  }
  // Being told is better than being unknown, but only for what its own credential would have
  // opened; and a credential that ended is no good one.
  if (for_operators(level)) return because(Reason::invalid);
  Refusal gone = because(Reason::departed);
  gone.workspace = self;
  gone.removed_at = proof.departed_at;
  return gone;
}

std::optional<Refusal> workspace_rule(Level level, const Proof& proof, const Reach& reach,
                                      const http::Request& request) {
  if (for_operators(level)) return because(Reason::operators_only);
  if (!names_workspace(level)) return std::nullopt;
  auto named = named_by_path(request);
  if (!named) return because(Reason::bad_workspace);
  WorkspaceId self(proof.principal.subject);
  if (*named == self) return std::nullopt;
  if (level != Level::peer) return because(Reason::another);
  if (reach.may_reach(self, *named)) return std::nullopt;
  return because(Reason::unreachable);
}

// The least scope of a key that may use the route.
api::KeyScope needed_scope(Level level, const http::Route& route) {
  switch (level) {
    case Level::open: return api::KeyScope::read;
    case Level::enrol:
    case Level::holder:
    case Level::admin: return api::KeyScope::admin;
    case Level::member:
    case Level::peer:
    case Level::self:
    case Level::own:
    case Level::operators: break;
  }
  return safe_method(route.method) ? api::KeyScope::read : api::KeyScope::operate;
}

std::optional<Refusal> key_rule(const http::Route& route, Level level, Who who) {
  if (level == Level::own) return because(Reason::own_only);
  Refusal refusal = because(Reason::scope);
  refusal.scope = scope_of(who);
  refusal.needed = needed_scope(level, route);
  if (refusal.scope >= refusal.needed) return std::nullopt;
  return refusal;
}

}  // namespace

void require_known_classes(std::span<const http::Route> routes) {
  for (const http::Route& route : routes) {
    auto level = find_level(route.access);
    bool named =
        !level || !names_workspace(*level) || route.pattern.find('{') != std::string_view::npos;
    if (level && named) continue;
    log::error("a route has no usable access class", log::field("pattern", route.pattern));
    std::abort();
  }
}

std::optional<Refusal> apply_class(const http::Route& route, const Proof& proof, const Reach& reach,
                                   http::Request& request) {
  Level level = level_of(route);
  std::optional<Refusal> refusal;
  switch (proof.who) {
    case Who::nobody:
      if (level != Level::open && level != Level::enrol) refusal = because(Reason::missing);
      break;
    case Who::workspace: refusal = workspace_rule(level, proof, reach, request); break;
    case Who::departed: refusal = departed_rule(route, level, proof, request); break;
    case Who::admin_token:
    case Who::session:
    case Who::developer:
      if (level == Level::own) refusal = because(Reason::own_only);
      break;
    case Who::read_key:
    case Who::operate_key:
    case Who::admin_key: refusal = key_rule(route, level, proof.who); break;
  }
  if (!refusal) request.principal = proof.principal;
  return refusal;
}

bool claims_to_be_platform(const Presented& presented) {
  static constexpr std::array<std::string_view, 4> prefixes{
      "webhook:", "system:", "test:", "channel:"};
  for (std::string_view name : presented.names) {
    for (std::string_view prefix : prefixes) {
      if (name.size() >= prefix.size() && same_text(name.substr(0, prefix.size()), prefix))
        return true;
    }
  }
  return false;
}

std::optional<Refusal> check_names(const Presented& presented, const Proof& proof) {
  if (!presented.names_workspace()) return std::nullopt;
  switch (proof.who) {
    case Who::nobody: return std::nullopt;  // Nothing was proven, so nothing is granted by a name.
    case Who::developer: return std::nullopt;
    case Who::admin_token:
    case Who::session:
    case Who::read_key:
    case Who::operate_key:
    case Who::admin_key: return because(Reason::named_by_operator);
    case Who::workspace:
    case Who::departed: break;
  }
  for (std::string_view name : presented.names) {
    if (name.empty()) continue;
    auto named = WorkspaceId::parse(name);
    if (!named || named->bytes() != proof.principal.subject)
      return because(Reason::caller_mismatch);
  }
  return std::nullopt;
}

std::optional<Reason> check_origin(const http::Site& site, const http::Request& request,
                                   const Presented& presented, Ambient ambient) {
  bool acts = !safe_method(request.method) || presented.websocket;
  // The dev profile's authority is in no credential, so there even reading needs the right page.
  if (!acts && ambient != Ambient::developer) return std::nullopt;
  if (presented.origin) {
    if (site.judge(*presented.origin, request.host) != http::Site::Origin::refused)
      return std::nullopt;
    return ambient == Ambient::no ? Reason::origin : Reason::csrf;
  }
  bool same_page = presented.fetch_site == "same-origin" || presented.fetch_site == "none";
  switch (ambient) {
    case Ambient::no: return std::nullopt;
    case Ambient::cookie: return same_page ? std::nullopt : std::optional(Reason::csrf);
    case Ambient::developer:  // Programs send neither header; browsers always send this one.
      return same_page || presented.fetch_site.empty() ? std::nullopt : std::optional(Reason::csrf);
  }
  return Reason::csrf;
}

}  // namespace molecule::auth
