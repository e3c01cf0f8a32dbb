#include "platform/http/site.h"

#include <algorithm>

#include <fmt/core.h>

#include "platform/http/syntax.h"

namespace molecule::http {

Site::Site(std::string_view listen_address, std::vector<std::string> hosts,
           std::vector<std::string> origins)
    : listen_(listen_address),
      wildcard_(listen_address == "0.0.0.0" || listen_address == "::"),
      hosts_(std::move(hosts)),
      origins_(std::move(origins)) {
  any_host_ = std::find(hosts_.begin(), hosts_.end(), "*") != hosts_.end();
  for (std::string& origin : origins_) {
    while (origin.ends_with('/')) origin.pop_back();
  }
}

namespace {
bool ip_literal(std::string_view host) {
  if (host.find(':') != std::string_view::npos) return true;
  return !host.empty() && std::all_of(host.begin(), host.end(),
                                      [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}
}  // namespace

bool Site::host_allowed(std::string_view authority) const {
  auto host = host_of(authority);
  if (!host) return false;
  if (any_host_) return true;
  if (equal_ignoring_case(*host, "localhost") || *host == "127.0.0.1" || *host == "::1" ||
      *host == listen_) {
    return true;
  }
  if (wildcard_ && ip_literal(*host)) return true;
  return std::any_of(hosts_.begin(), hosts_.end(), [&](const std::string& allowed) {
    return equal_ignoring_case(*host, allowed) || equal_ignoring_case(authority, allowed);
  });
}

std::string refused_host_text(std::string_view authority) {
  const auto host = host_of(authority);
  if (!host || host->empty()) return "the Host header names no host";
  return fmt::format(
      "the host name {0} is not served here; add it to the setting hosts (--hosts {0} or "
      "MOLECULE_HOSTS={0}) to allow it",
      *host);
}

Site::Origin Site::judge(std::string_view origin, std::string_view authority) const {
  std::string_view rest = origin;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else {
    rest = {};
  }
  if (!rest.empty() && equal_ignoring_case(rest, authority)) return Origin::same;
  bool listed = std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
  return listed ? Origin::listed : Origin::refused;
}

}  // namespace molecule::http
