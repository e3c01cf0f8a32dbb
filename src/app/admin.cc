#include "app/admin.h"

#include <filesystem>
#include <iostream>

#include "app/belongings.h"
#include "app/config_check.h"
#include "app/migrations.h"
#include "app/operator.h"
#include "app/running.h"
#include "base/fault.h"
#include "platform/io/scope.h"
#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "server/auth/sessions.h"

namespace molecule::app {
namespace {

namespace fs = std::filesystem;

// Sealing everything anew takes its time.
constexpr std::chrono::minutes rotation_max{10};

fs::path data_of(const Config& config) { return config.text("data"); }

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

void print_claim_link(const Config& config, const AdminOptions& options) {
  const fs::path data = data_of(config);
  const Belongings belongings(config);
  if (config.text("database-url").empty() && !fs::exists(belongings.database())) {
    throw Fault(Kind::not_found, "no_data",
                fmt::format("{} holds no platform; start one with `molecule serve --data {}`",
                            data.string(), data.string()));
  }
  io::SystemClock clock;
  io::SystemRandom random;
  metrics::Registry registry;
  auto db = sql::open(belongings.store(), registry);
  db->migrate(migrations());
  auth::Claims claims(clock, random);
  io::Loop loop;
  Secret code = io::run(loop, db->write([&](sql::Tx& tx) { return claims.add(tx); }));

  const auto running = running_on(data);
  std::string base = options.url;
  if (base.empty()) {
    const std::uint16_t port = parse_address(config.text("listen"))->port;
    base = running ? running->public_url : addresses(config, port).public_url;
  }
  std::string url = fmt::format("{}/claim/{}", without_slash(base), code.reveal());
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(auth::Claims::lifetime);
  if (options.output == "json") {
    std::cout << json::Object{}
                     .add("url", url)
                     .add("expires_in_seconds", seconds.count())
                     .add("running", running.has_value())
                     .text()
              << "\n";
    return;
  }
  std::cout << url << "\n";
  std::cerr << "Valid once, for 30 minutes.\n";
  if (!running && options.url.empty()) {
    std::cerr << "No platform runs on this data directory here; the link opens once one listens on "
              << config.text("listen") << ".\n";
  }
}

void rotate_sealing_key(const Config& config, const AdminOptions& options) {
  const std::string answer =
      OperatorCall(config, options.url)
          .ask(http::Method::post, "/admin/secrets/rotate", "", 200, rotation_max);
  if (options.output == "json") {
    std::cout << answer << "\n";
    return;
  }
  json::Document body = json::parse_answer(answer);
  std::int64_t resealed = body.root().find("resealed").integer();
  std::int64_t unreadable = body.root().find("unreadable").integer();
  std::cout << fmt::format("A new sealing key is in use; {} secret{} sealed again with it.\n",
                           resealed, resealed == 1 ? " was" : "s were");
  if (unreadable > 0) {
    std::cerr << fmt::format(
        "Left as they were, because no key this platform has opens them: {}.\n", unreadable);
  }
}

}  // namespace molecule::app
