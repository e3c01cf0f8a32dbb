#include "platform/http/forwarded.h"

#include <algorithm>
#include <array>
#include <vector>

#include "platform/http/syntax.h"

namespace molecule::http {
namespace {

constexpr std::array<std::string_view, 6> proxy_headers{
    "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "x-real-ip", "via"};

std::string_view unquoted(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2);
  }
  return text;
}

// The elements of a list, split at `mark` outside quotes.
std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted || text[i] != mark) continue;
    parts.push_back(trim(text.substr(from, i - from)));
    from = i + 1;
  }
  parts.push_back(trim(text.substr(from)));
  return parts;
}

// Several headers of one name are one list (RFC 9110 §5.3).
std::vector<std::string_view> list_of(const Request& request, std::string_view name) {
  std::vector<std::string_view> all;
  for (const Header& header : request.headers) {
    if (!equal_ignoring_case(header.name, name)) continue;
    for (std::string_view part : split(header.value, ',')) all.push_back(part);
  }
  return all;
}

// A parameter of one element of Forwarded.
std::string_view parameter(std::string_view element, std::string_view name) {
  for (std::string_view pair : split(element, ';')) {
    std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    if (equal_ignoring_case(trim(pair.substr(0, equals)), name))
      return unquoted(pair.substr(equals + 1));
  }
  return {};
}

std::string_view last_of(const std::vector<std::string_view>& list) {
  return list.empty() ? std::string_view() : unquoted(list.back());
}

std::optional<bool> is_https(std::string_view scheme) {
  if (scheme.empty()) return std::nullopt;
  return equal_ignoring_case(scheme, "https");
}

}  // namespace

bool names_proxy(const Request& request) {
  return std::any_of(request.headers.begin(), request.headers.end(), [](const Header& header) {
    return std::any_of(proxy_headers.begin(), proxy_headers.end(), [&](std::string_view name) {
      return equal_ignoring_case(header.name, name);
    });
  });
}

std::optional<net::Address> forwarded_address(std::string_view text) {
  text = unquoted(text);
  if (text.starts_with('[')) {
    std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    return net::Address::parse(text.substr(1, close - 1));
  }
  if (std::count(text.begin(), text.end(), ':') == 1) text = text.substr(0, text.find(':'));
  return net::Address::parse(text);
}

Forwarded read_forwarded(const Request& request,
                         const std::function<bool(const net::Address&)>& trusts) {
  Forwarded found;
  std::vector<std::string_view> hops = list_of(request, "x-forwarded-for");
  std::vector<std::string_view> elements = list_of(request, "forwarded");
  found.secure = is_https(last_of(list_of(request, "x-forwarded-proto")));
  found.host = last_of(list_of(request, "x-forwarded-host"));
  // Two lists that could disagree are not mixed: the older header, which every proxy writes, wins.
  if (hops.empty()) {
    for (std::string_view element : elements) hops.push_back(parameter(element, "for"));
  }
  if (!elements.empty()) {
    if (!found.secure) found.secure = is_https(parameter(elements.back(), "proto"));
    if (found.host.empty()) found.host = parameter(elements.back(), "host");
  }
  // What stands left of the first hop that is not ours is hearsay.
  std::size_t followed = 0;
  for (auto hop = hops.rbegin(); hop != hops.rend() && followed < hops_max; ++hop, ++followed) {
    auto address = forwarded_address(*hop);
    if (!address) break;
    found.client = address;
    if (!trusts(*address)) break;
  }
  return found;
}

}  // namespace molecule::http
