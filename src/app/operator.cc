#include "app/operator.h"

#include <array>
#include <filesystem>
#include <span>

#include <fmt/format.h>

#include "app/running.h"
#include "base/fault.h"
#include "base/secret.h"
#include "platform/files/files.h"
#include "platform/io/clock.h"
#include "platform/io/scope.h"
#include "platform/json/answer.h"
#include "platform/json/json.h"
#include "platform/metrics/metrics.h"
#include "platform/net/dial.h"

namespace molecule::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t token_file_max = 4096;

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

// A token that is kept with a data directory goes to the platform that runs on it. One of the
// environment, or of a directory that is named together with the address, is meant for what is
// asked.
void require_meant(const Config& config, const std::string& base) {
  if (config.value("data").origin == Origin::flag) return;
  const Config::Value& token = config.value("admin-token");
  if (!token.text.empty() && token.origin != Origin::file) return;
  const std::string& data = config.text("data");
  const net::Url asked = net::Url::parse(base);
  const auto running = running_on(data);
  if (running && (net::Url::parse(running->url) == asked ||
                  net::Url::parse(without_slash(running->public_url)) == asked))
    return;
  throw Fault(Kind::forbidden, "no_admin_token",
              fmt::format("there is no admin token for {}: the one in {} is for the platform that "
                          "runs there{}\n  next: set ADMIN_TOKEN, or name the data directory with "
                          "--data",
                          base, data, running ? " and answers at " + running->url : ""));
}

Secret admin_token(const Config& config) {
  if (!config.text("admin-token").empty()) return Secret(config.text("admin-token"));
  fs::path file = fs::path(config.text("data")) / "admin_token";
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

// What a platform's refusal means at a prompt.
[[noreturn]] void refuse(const std::string& base, const http::ClientResponse& answer) {
  std::string reason = fmt::format("status {}", answer.status);
  std::string code = "failed";
  try {
    json::Document body = json::parse_answer(answer.body());
    if (auto text = body.root().find("error"); text.is(json::Type::string)) reason = text.string();
    if (auto text = body.root().find("code"); text.is(json::Type::string)) code = text.string();
  } catch (const Fault&) {
    // Not our platform's words; the status has to do.
  }
  if (answer.status == 401)
    reason += "; the token used is ADMIN_TOKEN, else admin_token in the data directory";
  Kind kind = Kind::internal;
  if (answer.status == 400) kind = Kind::bad_request;
  if (answer.status == 401 || answer.status == 403 || answer.status == 409) kind = Kind::forbidden;
  if (answer.status == 404) kind = Kind::not_found;
  if (answer.status == 502 || answer.status == 503) kind = Kind::unavailable;
  throw Fault(kind, code, fmt::format("{} refused: {}", base, reason));
}

}  // namespace

OperatorCall::OperatorCall(const Config& config, const std::string& url)
    : config_(config), base_(url) {
  if (base_.empty()) {
    const std::string& data = config.text("data");
    auto running = running_on(data);
    if (!running) {
      throw Fault(
          Kind::unavailable, "not_reachable",
          fmt::format("no platform runs on {}; start it with `molecule serve --data {}`, or "
                      "say where it answers with --url",
                      data, data));
    }
    base_ = without_slash(running->url);
    return;
  }
  base_ = without_slash(base_);
  require_meant(config, base_);
}

std::string OperatorCall::ask(http::Method method, std::string_view path, std::string_view body,
                              int expected, std::chrono::milliseconds patience) const {
  io::SystemClock clock;
  metrics::Registry registry;
  io::Loop loop;
  net::SystemResolver resolver(clock);
  net::DialSettings dial;
  dial.dev = true;  // The operator names the address, or the platform itself did.
  dial.tls.ca_file = config_.text("tls-cert");
  net::Dialer dialer(dial, resolver, registry);
  Secret token = admin_token(config_);
  std::string bearer = "Bearer " + std::string(token.reveal());
  net::Url url = net::Url::parse(base_ + std::string(path));
  auto ask = [&]() -> io::Task<http::ClientResponse> {
    http::Client client(dialer, registry);
    std::array<http::Header, 2> headers{http::Header{"Authorization", bearer},
                                        http::Header{"Content-Type", "application/json"}};
    http::ClientRequest request;
    request.method = method;
    request.url = &url;
    request.headers = std::span(headers).first(body.empty() ? 1 : 2);
    request.body = body;
    request.limits.head = patience;
    auto answer = co_await client.send(request);
    client.close_idle();
    co_return answer;
  };
  try {
    http::ClientResponse answer = io::run(loop, ask());
    if (answer.status != expected) refuse(base_, answer);
    return std::string(answer.body());
  } catch (const Fault& fault) {
    if (fault.kind() != Kind::bad_gateway) throw;
    throw Fault(Kind::unavailable, "not_reachable",
                fmt::format("no platform answers at {}: {}", base_, fault.text()));
  }
}

}  // namespace molecule::app
