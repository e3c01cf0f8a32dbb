// Tries every mounted route with every kind of credential against its gate and compares the answers
// with what the route's access class promises. A route added tomorrow is tried without a word more.
// Handlers do not run.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/id.h"
#include "platform/http/route.h"

namespace molecule::test {

// Rate limits must be off and the gate must be the production one.
struct Trial {
  WorkspaceId mine;      // Live.
  std::string own;       // Its token.
  std::string foreign;   // Of a live workspace that may not reach `mine`.
  std::string revoked;   // Formerly of `mine`.
  std::string expired;   // Of `mine`.
  WorkspaceId gone;      // Removed.
  std::string departed;  // Its token.
  std::string admin;     // The admin token.
  std::string session;   // The cookie of a signed-in browser: name=value.
  // Organisation keys; where there are none, they are not tried.
  std::string read_key, operate_key, admin_key;
  std::string ended_key;  // Revoked or expired.
  std::string host = "127.0.0.1:8080";
};

struct Tried {
  std::size_t tries = 0;
  std::vector<std::string> complaints;  // "POST /workspaces: a wrong token: 200 instead of 401"
};

Tried try_every_route(const http::Router& router, const Trial& trial);

}  // namespace molecule::test
