#include "app/serve_settings.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/fault.h"
#include "platform/io/clock.h"
#include "platform/metrics/metrics.h"
#include "platform/net/url.h"
#include "platform/process/environment.h"

namespace molecule::app {
namespace {

namespace fs = std::filesystem;

bool is_loopback(const std::string& host) {
  return host == "::1" || host == "localhost" || host.starts_with("127.");
}

// Where an engine is found that nobody named.
std::string engine_socket(const std::string& named) {
  if (!named.empty()) return named;
  const std::string host = process::environment("DOCKER_HOST").value_or("");
  constexpr std::string_view file = "unix://";
  if (host.starts_with(file)) return host.substr(file.size());
  constexpr const char* docker = "/run/docker.sock";
  constexpr const char* podman = "/run/podman/podman.sock";
  return !fs::exists(docker) && fs::exists(podman) ? podman : docker;
}

provision::ContainerSettings container_settings(const Config& config) {
  provision::ContainerSettings containers;
  containers.socket = engine_socket(config.text("agents-engine"));
  std::istringstream words(config.text("agents-images"));
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      containers.images[""] = word;
    } else {
      containers.images[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  return containers;
}

}  // namespace

http::Settings http_settings(const Config& config, const Address& address) {
  http::Settings http;
  http.address = address.host;
  http.port = address.port;
  http.hosts = config.list("hosts");
  // As browsers spell them.
  for (const std::string& origin : config.list("cors-origins"))
    http.cors_origins.push_back(net::Url::parse(origin).origin());
  http.trusted_proxies = config.list("trusted-proxies");
  // Where agents and people reach the platform is a name and an origin of its own.
  if (!config.text("platform-url").empty()) {
    net::Url url = net::Url::parse(config.text("platform-url"));
    http.hosts.push_back(url.host);
    http.cors_origins.push_back(url.origin());
  }
  return http;
}

auth::LimitSettings limit_settings(const Config& config) {
  auth::LimitSettings limits;
  limits.per_address = static_cast<std::uint32_t>(config.number("rate-limit"));
  limits.per_credential = static_cast<std::uint32_t>(config.number("rate-limit-credential"));
  // Who lets strangers ask more often lets keys be made more often: 30 a minute where 600 are
  // allowed.
  limits.keys_per_maker = std::max(1U, limits.per_address / 20);
  if (limits.per_address == 0) {
    limits.per_credential = 0;
    limits.per_operator = 0;
    limits.failures_per_address = 0;
    limits.claims_per_address = 0;
    limits.keys_per_maker = 0;
  }
  return limits;
}

attachments::Settings attachment_settings(const Config& config) {
  attachments::Settings attachments;
  attachments.workspace_max = config.number("attachments-workspace-mb") << 20;
  attachments.scan_program = config.text("attachment-scan");
  return attachments;
}

provision::Settings agent_settings(const Config& config) {
  provision::Settings agents;
  agents.directory = fs::absolute(config.text("data")).lexically_normal() / "agents";
  const std::string& wish = config.text("agents");
  const bool behind =
      !config.text("platform-url").empty() || !config.list("trusted-proxies").empty();
  const bool local = is_loopback(parse_address(config.text("listen"))->host) && !behind;
  if (config.flag("dev")) {
    agents.why_off =
        "this platform starts no agents: in the development profile whoever reaches it is its "
        "operator, and an agent on its machine would be. Serve without it, or use the runtime "
        "external and connect an agent";
  } else if (wish == "off") {
    agents.why_off =
        "this platform starts no agents (`agents` is off); use the runtime external and "
        "connect an agent, or let one register with this workspace's id and a token";
  } else if (wish == "auto" && !local) {
    agents.why_off =
        "this platform starts no agents on its machine, since others than this machine "
        "reach it; `agents` on lets it. Use the runtime external and connect an agent";
  }
  agents.tier_max = config.number("agents-tier-max");
  provision::ProcessSettings& process = agents.process;
  process.path = process::environment("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  process.language = process::environment("LANG").value_or("C.UTF-8");
  std::string_view rest = config.text("agents-read");
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    if (one.starts_with('/')) process.readable.emplace_back(one);
  }
  process.program = config.text("agents-program");
  process.linger = config.number("agents-linger");
  if (config.text("agents-in") == "container") agents.container = container_settings(config);
  return agents;
}

net::DialSettings dial_settings(const Config& config) {
  net::DialSettings dial;
  dial.dev = config.flag("dev");
  dial.allow = config.list("dial-allow");
  return dial;
}

std::unique_ptr<net::TlsServer> certificate(const Config& config) {
  const std::string& chain = config.text("tls-cert");
  const std::string& key = config.text("tls-key");
  if (chain.empty() && key.empty()) return nullptr;
  if (chain.empty() || key.empty())
    throw bad_request("invalid_config", "tls-cert and tls-key belong together");
  return std::make_unique<net::TlsServer>(chain, key, true);
}

void require_usable(const Config& config) {
  const Address address = *parse_address(config.text("listen"));
  if (config.flag("dev") && !is_loopback(address.host)) {
    throw bad_request(
        "dev_is_local",
        "the dev profile listens on loopback only; drop --dev or listen on 127.0.0.1");
  }
  metrics::Registry registry;
  io::SystemClock clock;
  net::SystemResolver resolver(clock);
  net::Dialer dialer(dial_settings(config), resolver, registry);
  for (std::string_view name : {"tls-cert", "tls-key"}) {
    const std::string& file = config.text(name);
    if (!file.empty() && !fs::is_regular_file(file))
      throw bad_request("invalid_config", fmt::format("{}: there is no file {}", name, file));
  }
  certificate(config);
  const fs::path scan = config.text("attachment-scan");
  if (!scan.empty() && (!scan.is_absolute() || !fs::is_regular_file(scan))) {
    throw bad_request(
        "invalid_config",
        fmt::format("attachment-scan: {} is no absolute path of a program", scan.string()));
  }
}

}  // namespace molecule::app
