#include "app/running.h"

#include <string_view>

#include <fmt/format.h>

#include "app/config_check.h"
#include "platform/process/environment.h"

namespace molecule::app {
namespace {

// The host of an address to listen on, as this machine may use it in a URL.
std::string reachable_host(const std::string& host) {
  if (host == "0.0.0.0") return "127.0.0.1";
  if (host == "::") return "[::1]";
  return host.find(':') != std::string::npos ? '[' + host + ']' : host;
}

}  // namespace

Running addresses(const Config& config, std::uint16_t port) {
  const std::string host = reachable_host(parse_address(config.text("listen"))->host);
  const std::string_view scheme = config.text("tls-cert").empty() ? "http" : "https";
  Running found;
  found.url = fmt::format("{}://{}:{}", scheme, host, port);
  found.public_url = config.text("platform-url");
  while (found.public_url.ends_with('/')) found.public_url.pop_back();
  if (found.public_url.empty()) found.public_url = found.url;
  return found;
}

std::string told_line(const Running& running) {
  if (running.public_url == running.url) return running.url;
  return fmt::format("{} ({})", running.url, running.public_url);
}

std::optional<Running> running_on(const std::filesystem::path& data) {
  auto holder = process::holder_of(data);
  if (!holder || holder->told.empty()) return std::nullopt;
  std::string_view told = holder->told;
  const std::size_t brace = told.find(" (");
  if (brace == std::string_view::npos || !told.ends_with(')'))
    return Running{holder->told, holder->told};
  return Running{std::string(told.substr(0, brace)),
                 std::string(told.substr(brace + 2, told.size() - brace - 3))};
}

}  // namespace molecule::app
