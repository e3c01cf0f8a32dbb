#include "app/admin.h"

#include <filesystem>
#include <iostream>

#include "app/belongings.h"
#include "app/config_check.h"
#include "app/migrations.h"
#include "app/running.h"
#include "base/fault.h"
#include "platform/files/files.h"
#include "platform/http/client.h"
#include "platform/io/scope.h"
#include "platform/json/json.h"
#include "platform/net/dial.h"
#include "server/auth/sessions.h"

namespace molecule::app {
namespace {

namespace fs = std::filesystem;

// Sealing everything anew takes its time.
constexpr std::chrono::minutes rotation_max{10};
constexpr std::size_t token_file_max = 4096;

fs::path data_of(const Config& config) { return config.text("data"); }

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Fault nobody_runs(const Config& config) {
  std::string data = data_of(config).string();
  return {Kind::unavailable, "not_reachable",
          fmt::format("no platform runs on {}; start it with `molecule serve --data {}`, or say "
                      "where it answers with --url",
                      data, data)};
}

Secret admin_token(const Config& config) {
  if (!config.text("admin-token").empty()) return Secret(config.text("admin-token"));
  fs::path file = data_of(config) / "admin_token";
  auto text = files::read(file, token_file_max);
  if (!text) {
    throw Fault(Kind::forbidden, "no_admin_token",
                fmt::format("there is no admin token: set ADMIN_TOKEN, or name the data directory "
                            "that holds it with --data ({} does not exist)",
                            file.string()));
  }
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return Secret(std::move(*text));
}

http::ClientResponse post(const Config& config, const std::string& base, std::string_view path,
                          std::chrono::milliseconds patience) {
  io::SystemClock clock;
  metrics::Registry registry;
  io::Loop loop;
  net::SystemResolver resolver(clock);
  net::DialSettings dial;
  dial.dev = true;  // The operator names the address, or the platform itself did.
  dial.tls.ca_file = config.text("tls-cert");
  net::Dialer dialer(dial, resolver, registry);
  Secret token = admin_token(config);
  std::string bearer = "Bearer " + std::string(token.reveal());
  net::Url url = net::Url::parse(base + std::string(path));
  auto ask = [&]() -> io::Task<http::ClientResponse> {
    http::Client client(dialer, registry);
    std::array<http::Header, 1> headers{http::Header{"Authorization", bearer}};
    http::ClientRequest request;
    request.method = http::Method::post;
    request.url = &url;
    request.headers = headers;
    request.limits.head = patience;
    auto answer = co_await client.send(request);
    client.close_idle();
    co_return answer;
  };
  try {
    return io::run(loop, ask());
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::bad_gateway) throw;
    throw Fault(Kind::unavailable, "not_reachable",
                fmt::format("no platform answers at {}: {}", base, fault.text()));
  }
}

// What a platform's refusal means at a prompt.
[[noreturn]] void refuse(const std::string& base, const http::ClientResponse& answer) {
  std::string reason = fmt::format("status {}", answer.status);
  std::string code = "failed";
  try {
    json::Document body = json::Document::parse(answer.body());
    if (auto text = body.root().find("error"); text.is(json::Type::string)) reason = text.string();
    if (auto text = body.root().find("code"); text.is(json::Type::string)) code = text.string();
  } catch (const Fault&) {
    // Not our platform's words; the status has to do.
  }
  if (answer.status == 401)
    reason += "; the token used is ADMIN_TOKEN, else admin_token in the data directory";
  Kind kind = Kind::internal;
  if (answer.status == 401 || answer.status == 403 || answer.status == 409) kind = Kind::forbidden;
  if (answer.status == 502 || answer.status == 503) kind = Kind::unavailable;
  throw Fault(kind, code, fmt::format("{} refused: {}", base, reason));
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
  std::string base = options.url;
  if (base.empty()) {
    auto running = running_on(data_of(config));
    if (!running) throw nobody_runs(config);
    base = running->url;
  }
  base = without_slash(base);
  http::ClientResponse answer = post(config, base, "/admin/secrets/rotate", rotation_max);
  if (answer.status != 200) refuse(base, answer);
  if (options.output == "json") {
    std::cout << answer.body() << "\n";
    return;
  }
  json::Document body = json::Document::parse(answer.body());
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
