#include "app/config_check.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "base/fault.h"
#include "platform/net/address.h"
#include "platform/net/url.h"

namespace molecule::app {
namespace {

using Wrong = std::optional<std::string>;

constexpr std::size_t host_max = 253;
constexpr std::size_t label_max = 63;
// Blocks of proxies: a whole private network, and no more.
constexpr int widest_v4 = 8;
constexpr int widest_v6 = 7;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > label_max || label.front() == '-' || label.back() == '-')
    return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

bool is_host(std::string_view host) {
  if (net::Address::parse(host)) return true;
  if (host.empty() || host.size() > host_max) return false;
  while (true) {
    std::size_t dot = host.find('.');
    if (!is_label(host.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

Wrong wrong_number(const Setting& setting, std::string_view text) {
  long long value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool whole = error == std::errc{} && end == text.data() + text.size();
  if (whole && value >= setting.least && value <= setting.most) return std::nullopt;
  return fmt::format("expected a whole number, {}", range_text(setting));
}

Wrong wrong_choice(std::string_view words, std::string_view text) {
  for (std::string_view rest = words; !rest.empty();) {
    std::size_t space = rest.find(' ');
    if (rest.substr(0, space) == text) return std::nullopt;
    rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  }
  return fmt::format("expected one of {}", words);
}

// Without what has no meaning in a base address.
Wrong wrong_url(std::string_view text) {
  try {
    net::Url url = net::Url::parse(text);
    if (text.find_first_of("?#") != std::string_view::npos)
      return "must end with its path, without ? and #";
    return std::nullopt;
  } catch (const Fault& fault) {
    return fmt::format("{} is no address that agents could use: {}", text, fault.text());
  }
}

Wrong wrong_origin(std::string_view entry) {
  if (entry == "*" || entry == "null") {
    return fmt::format(
        "{} would let every page act with a signed-in browser; name the origins, such as "
        "https://canvas.example",
        entry);
  }
  try {
    net::Url url = net::Url::parse(entry);
    if (url.target == "/" && entry.find_first_of("?#") == std::string_view::npos)
      return std::nullopt;
  } catch (const Fault&) {
    // Told below.
  }
  return fmt::format("{} is no origin: expected https://NAME or https://NAME:PORT, without a path",
                     entry);
}

Wrong wrong_host(std::string_view entry) {
  if (is_host(entry)) return std::nullopt;
  if (entry == "*") {
    return "* would let every page reach this platform through a name of its own (DNS rebinding); "
           "list the names";
  }
  return fmt::format(
      "{} is no host name: expected one such as molecule.example, without scheme, port "
      "and path",
      entry);
}

Wrong wrong_block(std::string_view entry) {
  if (net::Cidr::parse(entry)) return std::nullopt;
  return fmt::format(
      "{} is not an address block: expected one such as 10.0.0.0/8 or 192.0.2.7, with no "
      "bits set behind the prefix",
      entry);
}

// Whom everybody may pass for says nothing about anybody: each client would name its own address.
Wrong wrong_proxies(std::string_view entry) {
  if (auto wrong = wrong_block(entry)) return wrong;
  const std::string block = net::Cidr::parse(entry)->text();
  const std::size_t slash = block.find('/');
  int bits = 0;
  std::from_chars(block.data() + slash + 1, block.data() + block.size(), bits);
  const int widest = block.find(':') < slash ? widest_v6 : widest_v4;
  if (bits >= widest) return std::nullopt;
  return fmt::format(
      "{} trusts whatever most of the internet says about where it comes from, so limits and the "
      "log could be told any address; name the addresses of your proxies alone, such as 10.0.0.5 "
      "or 10.0.0.0/8 (no block wider than /{})",
      entry, widest);
}

Wrong wrong_destination(std::string_view entry) {
  if (is_host(entry) || net::Cidr::parse(entry)) return std::nullopt;
  if (!entry.empty() &&
      entry.find_first_not_of("0123456789.:/abcdefABCDEF") == std::string_view::npos &&
      entry.find('/') != std::string_view::npos)
    return wrong_block(entry);
  return fmt::format("{} is neither a host name nor an address block", entry);
}

Wrong wrong_list(std::string_view text, Wrong (*wrong)(std::string_view)) {
  if (text.empty()) return std::nullopt;
  for (const std::string& entry : list_entries(text)) {
    if (entry.empty()) return "has an empty entry; leave the setting out to have none";
    if (auto found = wrong(entry)) return found;
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> list_entries(std::string_view text) {
  std::vector<std::string> entries;
  while (true) {
    std::size_t comma = text.find(',');
    entries.emplace_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return entries;
    text.remove_prefix(comma + 1);
  }
}

std::optional<Address> parse_address(std::string_view text) {
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  std::string_view digits = text.substr(colon + 1);
  Address address;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (!net::Address::parse(host)) return std::nullopt;
  } else if (!is_host(host) || host.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  address.host = host;
  return address;
}

std::string range_text(const Setting& setting) {
  if (setting.form != Setting::Form::number) return {};
  return fmt::format("{} to {} {}", setting.least, setting.most, setting.unit);
}

std::optional<std::string> what_is_wrong(const Setting& setting, std::string_view text) {
  switch (setting.form) {
    case Setting::Form::text:
    case Setting::Form::secret: return std::nullopt;
    case Setting::Form::flag:
      if (text == "true" || text == "false") return std::nullopt;
      return "expected true or false";
    case Setting::Form::number: return wrong_number(setting, text);
    case Setting::Form::address:
      if (parse_address(text)) return std::nullopt;
      return fmt::format(
          "{} is not ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080, with a port from "
          "0 to 65535",
          text);
    case Setting::Form::url:
      if (text.empty()) return std::nullopt;
      return wrong_url(text);
    case Setting::Form::choice: return wrong_choice(setting.unit, text);
    case Setting::Form::origins: return wrong_list(text, wrong_origin);
    case Setting::Form::hosts: return wrong_list(text, wrong_host);
    case Setting::Form::proxies: return wrong_list(text, wrong_proxies);
    case Setting::Form::destinations: return wrong_list(text, wrong_destination);
  }
  return std::nullopt;
}

}  // namespace molecule::app
