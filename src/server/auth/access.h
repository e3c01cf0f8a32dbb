// The access classes: what a route may demand and what its handler may rely on. The class is the
// first template argument of the route and its Caller the first parameter of the handler, so "who
// asks" is never a bare string. Only the gate constructs a Principal and only a class's prove()
// makes its Caller from one.
//
//   Open    anybody. A presented credential is still checked: a bad one is refused, not ignored.
//   Enrol   registration: a valid credential, or none at all (then the claim window decides).
//   Member  any authenticated principal of the organisation: an operator or any live workspace.
//   Self    the workspace named by the path's first {id}, or an operator.
//   Own     only the workspace named by the path's first {id}, with its own token. No operator.
//   Peer    a workspace that may reach the one named by the path's first {id} (or is it), or an
//   operator.
//   Operator  an operator: the admin token, a signed-in browser session, the dev profile's gate, or
//   an organisation key whose scope is enough.
//   Holder  as Self, for what makes or ends credentials of that workspace: of keys only an admin's.
//   Admin   as Operator, for what rules the platform itself: of keys only an admin's.
//
// An organisation key is an operator within its scope: `read` may use safe methods, `operate` any,
// `admin` also what Enrol, Holder and Admin guard. What a key with less would learn there (a token,
// an agent's shared secret, another key) is worth more than the key itself.
//
// A workspace that was removed keeps a principal of kind `departed` on the routes that tell an
// agent so (GET /workspaces/{id} and its /state); everywhere else its token answers 410.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

#include "base/id.h"
#include "platform/http/route.h"
#include "wire/api/keys.h"

namespace molecule::auth {

enum class Who : int {
  nobody = 0,
  workspace = 1,  // subject = the workspace, credential = its token id
  departed = 2,   // as workspace, but the workspace was removed
  admin_token = 3,
  session = 4,    // credential = the session id
  developer = 5,  // dev profile without a credential
  // Organisation keys, by scope; credential = the key's id, mark = its prefix.
  read_key = 6,
  operate_key = 7,
  admin_key = 8,
};

constexpr bool is_key(Who who) { return who >= Who::read_key; }
// What somebody may do who is asked as an operator.
constexpr api::KeyScope scope_of(Who who) {
  if (who == Who::read_key) return api::KeyScope::read;
  if (who == Who::operate_key) return api::KeyScope::operate;
  return api::KeyScope::admin;
}

class Caller {
 public:
  Who who() const { return static_cast<Who>(principal_.kind); }
  bool is_operator() const { return who() >= Who::admin_token; }
  // Of an operator.
  api::KeyScope scope() const { return scope_of(who()); }
  std::optional<KeyId> key() const {
    if (!is_key(who())) return std::nullopt;
    return KeyId(principal_.credential);
  }
  // Who acted, as the log names them: "admin-token", "session", "developer", "org-token:<prefix>";
  // empty for workspaces, who have an id, and for nobody.
  std::string actor() const;
  // The same of an organisation key; absent for all others.
  json::Omit<std::string> by() const;
  // The workspace that asks; empty for operators and nobody.
  std::optional<WorkspaceId> workspace() const {
    if (who() != Who::workspace && who() != Who::departed) return std::nullopt;
    return WorkspaceId(principal_.subject);
  }
  const http::Principal& principal() const { return principal_; }

 protected:
  explicit Caller(const http::Principal& principal) : principal_(principal) {}

 private:
  http::Principal principal_;
};

namespace detail {
// A route class: prove() is what http's binder calls once the gate has admitted the request. A
// principal that does not fit is a defect of the gate; it must not turn into access.
template <class Derived>
class Class {
 public:
  class Caller final : public auth::Caller {
   private:
    friend class Class;
    explicit Caller(const http::Principal& principal) : auth::Caller(principal) {}
  };
  static Caller prove(const http::Principal& principal) {
    if (!Derived::fits(static_cast<Who>(principal.kind))) std::abort();
    return Caller(principal);
  }
};
}  // namespace detail

struct Open : detail::Class<Open> {
  static constexpr http::Access access{"open", 0};
  static constexpr bool fits(Who) { return true; }
};
struct Enrol : detail::Class<Enrol> {
  static constexpr http::Access access{"enrol", 1};
  static constexpr bool fits(Who who) {
    return who != Who::departed && scope_of(who) == api::KeyScope::admin;
  }
};
struct Member : detail::Class<Member> {
  static constexpr http::Access access{"member", 2};
  static constexpr bool fits(Who who) { return who != Who::nobody && who != Who::departed; }
};
struct Peer : detail::Class<Peer> {
  static constexpr http::Access access{"peer", 3};
  static constexpr bool fits(Who who) { return who != Who::nobody; }
};
struct Self : detail::Class<Self> {
  static constexpr http::Access access{"self", 4};
  static constexpr bool fits(Who who) { return who != Who::nobody; }
};
struct Own : detail::Class<Own> {
  static constexpr http::Access access{"own", 5};
  static constexpr bool fits(Who who) { return who == Who::workspace; }
};
struct Operator : detail::Class<Operator> {
  static constexpr http::Access access{"operator", 6};
  static constexpr bool fits(Who who) { return who >= Who::admin_token; }
};
struct Holder : detail::Class<Holder> {
  static constexpr http::Access access{"holder", 7};
  static constexpr bool fits(Who who) {
    return who != Who::nobody && scope_of(who) == api::KeyScope::admin;
  }
};
struct Admin : detail::Class<Admin> {
  static constexpr http::Access access{"admin", 8};
  static constexpr bool fits(Who who) {
    return who >= Who::admin_token && scope_of(who) == api::KeyScope::admin;
  }
};

// The gate's one upward question, answered by the workspaces slice.
class Reach {
 public:
  virtual ~Reach() = default;
  // May `from` talk to `to`: self, siblings, parent, child; roots are siblings. In memory, any
  // thread.
  virtual bool may_reach(WorkspaceId from, WorkspaceId to) const = 0;
};

}  // namespace molecule::auth
