// The API as an OpenAPI 3.1 document, from the route tables and the types they name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "platform/http/route.h"

namespace molecule::app {

// Paths, access classes, parameters, bodies, answers with examples, and the codes of refusals.
// Throws Fault internal for a route that says too little of itself.
std::string openapi_text(const std::vector<http::Route>& routes, std::string_view session_cookie);

// The codes that a route may refuse with: its own, and those that follow from what it demands.
std::vector<std::string_view> refusals_of(const http::Route& route, const http::Contract& contract);

// Of them its own: those by which its body is refused as it is read, and those its table names.
std::vector<std::string_view> own_refusals_of(const http::Route& route,
                                              const http::Contract& contract);

}  // namespace molecule::app
