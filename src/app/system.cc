#include "app/system.h"

#include "app/openapi.h"
#include "platform/log/log.h"
#include "platform/process/environment.h"

namespace molecule::app {

const std::string_view version = MOLECULE_VERSION;
namespace {

constexpr auto table = http::table(
    http::get<auth::Open, &System::health>("/health").not_counted().says(
        "Alive, with version, uptime and the state of the store."),
    http::get<auth::Open, &System::alive>("/healthz")
        .not_counted()
        .says("Alive: the process answers."),
    http::get<auth::Open, &System::ready>("/readyz")
        .not_counted()
        .says("Ready for work: 503 while the store is away or the platform is going down.")
        .refuses("platform_unavailable"),
    http::get<auth::Operator, &System::metrics>("/metrics")
        .not_counted()
        .says("Prometheus metrics.")
        .gives(200, "text/plain"),
    http::get<auth::Open, &System::key>("/platform/key")
        .says("The public key by which agents know this platform."),
    http::get<auth::Open, &System::openapi>("/openapi.json")
        .says("This document.")
        .gives(200, "application/json"));

}  // namespace

const std::span<const http::Route> system_routes = table;

void System::describe(const std::vector<http::Route>& routes) {
  openapi_ = openapi_text(routes, session_cookie_);
}

io::Task<api::Health> System::health(auth::Open::Caller) {
  auto up = std::chrono::duration_cast<std::chrono::seconds>(clock_.monotonic() - started_);
  co_return api::Health{"ok", std::string(version), fmt::format("{}s", up.count()),
                        db_.healthy() ? "ok" : "unavailable"};
}

io::Task<api::Done> System::alive(auth::Open::Caller) { co_return api::Done{"ok"}; }

io::Task<api::Done> System::ready(auth::Open::Caller) {
  if (draining_.load(std::memory_order_acquire)) {
    throw Fault(Kind::unavailable, "draining", "the platform is going down");
  }
  if (!db_.healthy() || (knows_ && !knows_())) {
    throw unavailable();
  }
  co_return api::Done{"ready"};
}

io::Task<http::Response> System::metrics(auth::Operator::Caller) {
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = registry_.text();
  response.body += fmt::format(
      "# HELP molecule_resident_bytes Resident memory of the process.\n# TYPE molecule_resident_bytes gauge\n"
      "molecule_resident_bytes {}\n"
      "# HELP molecule_log_lines_dropped_total Lines of the log that nobody read in time.\n"
      "# TYPE molecule_log_lines_dropped_total counter\nmolecule_log_lines_dropped_total {}\n",
      process::resident_bytes(), log::dropped());
  co_return response;
}

io::Task<api::PlatformKey> System::key(auth::Open::Caller) {
  api::PlatformKey known;
  known.public_key = crypto::text_of(key_);
  known.fingerprint = crypto::fingerprint(key_);
  co_return known;
}

io::Task<http::Response> System::openapi(auth::Open::Caller) {
  co_return http::Response::json(200, openapi_);
}

}  // namespace molecule::app
