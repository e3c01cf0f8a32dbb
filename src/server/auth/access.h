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
//   operator. Admin   an operator: the admin token, a signed-in browser session, or the dev
//   profile's gate.
//
// A workspace that was removed keeps a principal of kind `departed` on the routes that tell an
// agent so (GET /workspaces/{id} and its /state); everywhere else its token answers 410.
#pragma once

#include <cstdlib>
#include <optional>

#include "base/id.h"
#include "platform/http/route.h"

namespace molecule::auth {

enum class Who : int {
  nobody = 0,
  workspace = 1,  // subject = the workspace, credential = its token id
  departed = 2,   // as workspace, but the workspace was removed
  admin_token = 3,
  session = 4,    // credential = the session id
  developer = 5,  // dev profile without a credential
};

class Caller {
 public:
  Who who() const { return static_cast<Who>(principal_.kind); }
  bool is_operator() const { return who() >= Who::admin_token; }
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
  static constexpr bool fits(Who who) { return who != Who::departed; }
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
struct Admin : detail::Class<Admin> {
  static constexpr http::Access access{"admin", 6};
  static constexpr bool fits(Who who) { return who >= Who::admin_token; }
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
