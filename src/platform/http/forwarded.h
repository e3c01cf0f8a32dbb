// What proxies say about whom they ask for: X-Forwarded-For, -Proto and -Host, and RFC 7239's
// Forwarded. Anybody can send these, so they count only from a connection that is trusted, and
// there only as far as every hop on the way is.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/message.h"
#include "platform/net/address.h"

namespace molecule::http {

// Longer chains are not followed further; the last trusted hop counts then.
inline constexpr std::size_t hops_max = 32;

// Whether a header says that something passed the request on, trusted or not.
bool names_proxy(const Request& request);

// An element of such a list: an address alone, with a port, in brackets, in quotes. Empty for
// `unknown`, hidden names and whatever else is no address.
std::optional<net::Address> forwarded_address(std::string_view text);

struct Forwarded {
  std::optional<net::Address> client;  // The first hop from the right that is not trusted.
  std::optional<bool> secure;
  std::string_view host;  // Into the request; empty when nothing was said.
};
// `trusts` tells whether an address is a proxy of ours.
Forwarded read_forwarded(const Request& request,
                         const std::function<bool(const net::Address&)>& trusts);

}  // namespace molecule::http
