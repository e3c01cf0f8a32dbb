#include "platform/net/url.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/fault.h"

namespace molecule::net {
namespace {

[[noreturn]] void refuse(std::string_view why) {
  throw bad_request("url_invalid", fmt::format("the URL is not usable: {}", why));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

void check_characters(std::string_view text) {
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) refuse("it contains a control character");
    if (byte == ' ') refuse("it contains a space");
    if (byte >= 0x80) refuse("it contains a character outside ASCII; percent-encode it");
    if (c == '\\') refuse("it contains a backslash");
  }
}

// A name that ends in a number is read as an address by other programs, in octal, hex or with fewer
// parts; only the canonical spelling is taken, and that is parsed before this is asked.
bool ends_in_number(std::string_view host) {
  std::string_view last = host.substr(host.rfind('.') + 1);
  if (std::ranges::all_of(last, is_digit)) return true;
  return last.starts_with("0x") && std::ranges::all_of(last.substr(2), is_hex);
}

void check_name(std::string_view host) {
  if (host.size() > 253) refuse("the host name is too long");
  std::size_t label = 0;
  char previous = '.';
  for (char c : host) {
    if (c == '.') {
      if (label == 0) refuse("the host name has an empty part");
      if (previous == '-') refuse("a part of the host name ends with a hyphen");
      label = 0;
    } else {
      if (!is_letter(c) && !is_digit(c) && c != '-') {
        refuse("a host name is made of letters, digits, hyphens and dots");
      }
      if (c == '-' && label == 0) refuse("a part of the host name starts with a hyphen");
      if (++label > 63) refuse("a part of the host name is too long");
    }
    previous = c;
  }
  if (previous == '.') refuse("the host name ends with a dot");
  if (previous == '-') refuse("a part of the host name ends with a hyphen");
  if (ends_in_number(host)) {
    refuse(
        "an IPv4 address is written as four decimal numbers from 0 to 255 without leading zeros");
  }
}

void set_host(Url& url, std::string_view host) {
  if (host.empty()) refuse("it has no host");
  if (host.starts_with('[')) {
    if (!host.ends_with(']')) refuse("the IPv6 address has no closing bracket");
    std::string_view inside = host.substr(1, host.size() - 2);
    if (inside.find('.') == inside.npos && inside.find(':') == inside.npos)
      refuse("the IPv6 address is malformed");
    url.literal = Address::parse(inside);
    // An IPv4 address in brackets is no address at all; a mapped one is.
    if (!url.literal || inside.find(':') == inside.npos) refuse("the IPv6 address is malformed");
    url.host = url.literal->text();
    return;
  }
  url.literal = Address::parse(host);
  if (url.literal) {
    if (url.literal->v6()) refuse("an IPv6 address is written in brackets");
    url.host = url.literal->text();
    return;
  }
  url.host = lowered(host);
  check_name(url.host);
}

void set_port(Url& url, std::string_view digits) {
  if (digits.empty()) refuse("the port is missing after the colon");
  if (digits.size() > 5 || digits[0] == '0' || !std::ranges::all_of(digits, is_digit)) {
    refuse("the port is a number from 1 to 65535");
  }
  unsigned port = 0;
  for (char digit : digits) port = port * 10 + static_cast<unsigned>(digit - '0');
  if (port > 65535) refuse("the port is a number from 1 to 65535");
  url.port = static_cast<std::uint16_t>(port);
}

void set_target(Url& url, std::string_view rest) {
  rest = rest.substr(0, rest.find('#'));
  for (std::size_t i = 0; i < rest.size(); ++i) {
    char c = rest[i];
    if (c == '"' || c == '<' || c == '>' || c == '^' || c == '`' || c == '{' || c == '|' ||
        c == '}') {
      refuse(fmt::format("'{}' must be percent-encoded", c));
    }
    if (c == '%' && (i + 2 >= rest.size() || !is_hex(rest[i + 1]) || !is_hex(rest[i + 2]))) {
      refuse("a percent sign is followed by two hex digits");
    }
  }
  url.target = rest.starts_with('/') ? std::string() : std::string("/");
  url.target += rest;
}

void set_authority(Url& url, std::string_view authority) {
  if (authority.find('@') != authority.npos) refuse("it contains a user name or password");
  std::size_t colon =
      authority.starts_with('[') ? authority.find(':', authority.find(']')) : authority.find(':');
  if (authority.starts_with('[') && authority.find(']') == authority.npos) {
    refuse("the IPv6 address has no closing bracket");
  }
  set_host(url, authority.substr(0, colon));
  url.port = url.secure() ? 443 : 80;
  if (colon != authority.npos) set_port(url, authority.substr(colon + 1));
}

}  // namespace

Url Url::parse(std::string_view text) {
  if (text.empty()) refuse("it is empty");
  if (text.size() > url_size_max)
    refuse(fmt::format("it is longer than {} characters", url_size_max));
  check_characters(text);
  std::size_t colon = text.find("://");
  if (colon == text.npos) refuse("it has to begin with http:// or https://");
  std::string scheme = lowered(text.substr(0, colon));
  Url url;
  if (scheme == "https") {
    url.scheme = Scheme::https;
  } else if (scheme != "http") {
    refuse("it has to begin with http:// or https://");
  }
  text.remove_prefix(colon + 3);
  std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  set_authority(url, text.substr(0, end));
  set_target(url, text.substr(end));
  return url;
}

Url Url::resolve(std::string_view location) const {
  if (location.empty()) refuse("the redirect has no target");
  if (location.size() > url_size_max)
    refuse(fmt::format("it is longer than {} characters", url_size_max));
  check_characters(location);
  if (location.starts_with("//")) {
    return parse(std::string(secure() ? "https:" : "http:") + std::string(location));
  }
  std::size_t special = std::min(location.find_first_of(":/?#"), location.size());
  if (special < location.size() && location[special] == ':') return parse(location);
  Url url = *this;
  std::string_view path = std::string_view(target).substr(0, target.find('?'));
  if (location.starts_with('/')) {
    set_target(url, location);
  } else if (location.starts_with('?')) {
    set_target(url, std::string(path) + std::string(location));
  } else if (location.starts_with('#')) {
    return url;
  } else {
    // Dot segments are the server's to read: they cannot leave its origin.
    set_target(url, std::string(path.substr(0, path.rfind('/') + 1)) + std::string(location));
  }
  if (url.text().size() > url_size_max)
    refuse(fmt::format("it is longer than {} characters", url_size_max));
  return url;
}

std::string Url::authority() const {
  std::string out;
  const bool bracket = literal && literal->v6();
  out.reserve(host.size() + 8);
  if (bracket) out += '[';
  out += host;
  if (bracket) out += ']';
  if (port != (secure() ? 443 : 80)) out += fmt::format(":{}", port);
  return out;
}

std::string Url::origin() const { return (secure() ? "https://" : "http://") + authority(); }

}  // namespace molecule::net
