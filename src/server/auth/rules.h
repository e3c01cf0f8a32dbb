// The rules of the access classes: given who asks and what the route demands, yes or why not.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "platform/http/route.h"
#include "platform/http/site.h"
#include "server/auth/access.h"
#include "server/auth/presented.h"
#include "server/auth/prover.h"
#include "server/auth/refusal.h"

namespace molecule::auth {

// Stops the process when a route demands a class that is not in access.h, or names no workspace in
// its path although its class needs one. Call with every mounted route before serving.
void require_known_classes(std::span<const http::Route> routes);

// Applies the class of the route to a proof. On success the request's principal is set.
std::optional<Refusal> apply_class(const http::Route& route, const Proof& proof, const Reach& reach,
                                   http::Request& request);

// Headers that say which workspace is asking: refused when they speak for the platform, when they
// differ from the proven workspace, and when an operator sends them.
std::optional<Refusal> check_names(const Presented& presented, const Proof& proof);
bool claims_to_be_platform(const Presented& presented);

// Whether a request from a browser may act: the Origin, when there is one, must be the site's own
// or one that it lists.
// A request that `ambient` authority would carry (a cookie, the dev profile) needs proof of a page
// of our own: that Origin, or Sec-Fetch-Site saying so.
enum class Ambient { no, cookie, developer };
std::optional<Reason> check_origin(const http::Site& site, const http::Request& request,
                                   const Presented& presented, Ambient ambient);

}  // namespace molecule::auth
