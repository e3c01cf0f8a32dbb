#include "server/auth/presented.h"

#include <algorithm>

#include "platform/crypto/encoding.h"

namespace molecule::auth {
namespace {

constexpr std::string_view socket_prefix = "molecule-auth.";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view take_until(std::string_view& rest, char end) {
  std::size_t at = rest.find(end);
  std::string_view part = trim(rest.substr(0, at));
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return part;
}

void read_authorization(std::string_view value, Presented& presented) {
  value = trim(value);
  std::string_view scheme = value.substr(0, value.find_first_of(" \t"));
  std::string_view token = trim(value.substr(scheme.size()));
  if (value.empty() || (same_text(scheme, "bearer") && token.empty())) return;  // Nothing was said.
  if (!same_text(scheme, "bearer")) {
    presented.form = Presented::Form::unreadable;
    return;
  }
  presented.form = Presented::Form::bearer;
  presented.text = token;
}

// Browsers cannot set headers on a WebSocket, so they bring the token as a subprotocol.
void read_subprotocols(std::string_view value, Presented& presented, int& found) {
  for (std::string_view rest = value; !rest.empty();) {
    std::string_view protocol = take_until(rest, ',');
    if (!protocol.starts_with(socket_prefix)) continue;
    std::string_view hex = protocol.substr(socket_prefix.size());
    auto bytes =
        hex.size() <= subprotocol_hex_max && !hex.empty() ? crypto::hex_decode(hex) : std::nullopt;
    bool lower_case =
        std::none_of(hex.begin(), hex.end(), [](char c) { return c >= 'A' && c <= 'F'; });
    ++found;
    if (!bytes || !lower_case || found > 1) {
      presented.form = Presented::Form::unreadable;
      presented.socket_credential = true;
      return;
    }
    presented.decoded.assign(bytes->begin(), bytes->end());
  }
}

std::string_view read_cookie(std::string_view value, std::string_view session_cookie) {
  for (std::string_view rest = value; !rest.empty();) {
    std::string_view pair = take_until(rest, ';');
    std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == session_cookie) {
      return pair.substr(equals + 1);
    }
  }
  return {};
}

}  // namespace

bool same_text(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

void read_presented(const http::Request& request, std::string_view session_cookie,
                    Presented& presented) {
  bool authorized = false;
  int sockets = 0;
  std::string_view cookie;
  for (const http::Header& header : request.headers) {
    switch (header.name.size()) {
      case 6:
        if (same_text(header.name, "origin")) {
          if (!presented.origin) presented.origin = header.value;
        } else if (cookie.empty() && same_text(header.name, "cookie")) {
          cookie = read_cookie(header.value, session_cookie);
        }
        break;
      case 7:
        if (same_text(header.name, "upgrade") && same_text(trim(header.value), "websocket")) {
          presented.websocket = true;
        }
        break;
      case 13:  // The first of several counts.
        if (!authorized && same_text(header.name, "authorization")) {
          authorized = true;
          read_authorization(header.value, presented);
        }
        break;
      case 14:
        if (presented.names[0].empty() && same_text(header.name, "x-workspace-id")) {
          presented.names[0] = header.value;
        } else if (same_text(header.name, "sec-fetch-site")) {
          presented.fetch_site = header.value;
        }
        break;
      case 21:
        if (presented.names[1].empty() && same_text(header.name, "x-source-workspace-id")) {
          presented.names[1] = header.value;
        }
        break;
      case 22:
        if (presented.form != Presented::Form::unreadable &&
            same_text(header.name, "sec-websocket-protocol")) {
          read_subprotocols(header.value, presented, sockets);
        }
        break;
      default: break;
    }
  }
  if (presented.form == Presented::Form::unreadable) return;
  if (!presented.decoded.empty()) {
    if (presented.form == Presented::Form::bearer && presented.text != presented.decoded) {
      presented.form = Presented::Form::unreadable;
      presented.socket_credential = true;
      return;
    }
    presented.form = Presented::Form::bearer;
    presented.text = presented.decoded;
  }
  if (presented.form == Presented::Form::nothing && !cookie.empty()) {
    presented.form = Presented::Form::cookie;
    presented.text = cookie;
  }
}

}  // namespace molecule::auth
