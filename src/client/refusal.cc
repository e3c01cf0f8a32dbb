#include "client/refusal.h"

namespace molecule::client {
namespace {

Kind kind_of(int status) {
  switch (status) {
    case 400: return Kind::bad_request;
    case 401: return Kind::unauthenticated;
    case 402: return Kind::over_budget;
    case 403: return Kind::forbidden;
    case 404: return Kind::not_found;
    case 409: return Kind::conflict;
    case 410: return Kind::gone;
    case 413: return Kind::too_large;
    case 422: return Kind::unprocessable;
    case 429: return Kind::rate_limited;
    case 502: return Kind::bad_gateway;
    case 503: return Kind::unavailable;
    case 504: return Kind::deadline;
    default: return Kind::internal;
  }
}

}  // namespace

Fault refusal(const Answer& answer) {
  std::string code = answer.code();
  if (code.empty()) code = "refused";
  return Fault(kind_of(answer.status), std::move(code), answer.error());
}

}  // namespace molecule::client
