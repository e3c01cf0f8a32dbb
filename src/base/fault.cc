#include "base/fault.h"

namespace molecule {

int http_status(Kind kind) {
  switch (kind) {
    case Kind::bad_request: return 400;
    case Kind::unauthenticated: return 401;
    case Kind::over_budget: return 402;
    case Kind::forbidden: return 403;
    case Kind::not_found: return 404;
    case Kind::conflict: return 409;
    case Kind::gone: return 410;
    case Kind::too_large: return 413;
    case Kind::unprocessable: return 422;
    case Kind::rate_limited: return 429;
    case Kind::internal: return 500;
    case Kind::bad_gateway: return 502;
    case Kind::unavailable: return 503;
    case Kind::deadline: return 504;
    case Kind::cancelled: return 503;
  }
  return 500;
}

}  // namespace molecule
