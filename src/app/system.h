// What the platform says about itself: alive, ready, metrics, the list of its routes.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "platform/crypto/sign.h"
#include "platform/http/route.h"
#include "platform/io/clock.h"
#include "platform/metrics/metrics.h"
#include "platform/sql/database.h"
#include "server/auth/access.h"
#include "wire/api/status.h"
#include "wire/api/system.h"

namespace molecule::app {

// The one of CMakeLists.txt; the SDK and the canvas state the same.
extern const std::string_view version;

class System {
 public:
  System(const sql::Database& db, metrics::Registry& registry, const io::Clock& clock,
         std::string session_cookie, const crypto::PublicKey& key)
      : db_(db),
        registry_(registry),
        clock_(clock),
        started_(clock.monotonic()),
        session_cookie_(std::move(session_cookie)),
        key_(key) {}

  // Once all tables are mounted and before the first request.
  void describe(const std::vector<http::Route>& routes);
  // What readiness asks beside the store. Before the first request.
  void ready_when(std::function<bool()> knows) { knows_ = std::move(knows); }
  void draining() { draining_.store(true, std::memory_order_release); }

  // GET /health and /healthz: the process answers. /health also says what clients of old decode.
  io::Task<api::Health> health(auth::Open::Caller caller);
  io::Task<api::Done> alive(auth::Open::Caller caller);
  // GET /readyz: 503 while the store refuses work, what it kept of a lost commit is not
  // read back, or the platform is going down.
  io::Task<api::Done> ready(auth::Open::Caller caller);
  // GET /metrics: Prometheus text. For operators: which programs of this machine ask for others
  // cannot be told, since not every proxy says that it is one.
  io::Task<http::Response> metrics(auth::Operator::Caller caller);
  // GET /platform/key: what an agent that was told the fingerprint checks the platform by.
  io::Task<api::PlatformKey> key(auth::Open::Caller caller);
  io::Task<http::Response> openapi(auth::Open::Caller caller);

 private:
  const sql::Database& db_;
  metrics::Registry& registry_;
  const io::Clock& clock_;
  std::chrono::nanoseconds started_;
  std::string session_cookie_;
  crypto::PublicKey key_;
  std::atomic<bool> draining_{false};
  std::string openapi_;
  std::function<bool()> knows_;
};

extern const std::span<const http::Route> system_routes;

}  // namespace molecule::app
