// http and https URLs as strangers write them, read strictly: where two programs could disagree on
// the host, the text is refused instead of interpreted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "platform/net/address.h"

namespace molecule::net {

constexpr std::size_t url_size_max = 2048;

enum class Scheme : std::uint8_t { http, https };

struct Url {
  Scheme scheme = Scheme::http;
  std::string host;  // Lower case; a literal address without brackets, in canonical text.
  std::optional<Address> literal;  // Set when the host is an address.
  std::uint16_t port = 80;
  std::string
      target;  // Path and query as sent to the server; starts with '/'. The fragment is dropped.

  // Throws Fault bad_request `url_invalid` with a sentence that says what is wrong: any other
  // scheme, user information, an empty or non-ASCII host, an address spelled in another way than
  // four decimal numbers, a port outside 1-65535, control characters, spaces, backslashes, broken
  // escapes.
  static Url parse(std::string_view text);
  // What a Location header means when it answers a request for this URL. Throws as parse does.
  Url resolve(std::string_view location) const;

  std::string authority()
      const;  // `host` or `host:port`, the port left out when it is the scheme's own.
  std::string origin() const;  // `scheme://authority`: equal for URLs that may share a connection.
  std::string text() const { return origin() + target; }
  bool secure() const { return scheme == Scheme::https; }

  friend bool operator==(const Url&, const Url&) = default;
};

}  // namespace molecule::net
