// What a request brings to prove who asks, read in one pass over its headers. Nothing is believed
// yet.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "platform/http/message.h"

namespace molecule::auth {

// Hex digits of a token in a WebSocket subprotocol.
inline constexpr std::size_t subprotocol_hex_max = 8192;

struct Presented {
  enum class Form {
    nothing,
    bearer,      // Authorization: Bearer, or the subprotocol molecule-auth.<hex> of a WebSocket.
    cookie,      // The session cookie, when there is no bearer: sent by browsers by themselves.
    unreadable,  // Another scheme, or WebSocket credentials that contradict each other.
  };
  Form form = Form::nothing;
  std::string_view text;           // The credential; into the request, or into `decoded`.
  std::string decoded;             // From the subprotocol.
  bool websocket = false;          // The request asks for an upgrade to a WebSocket.
  bool socket_credential = false;  // Unreadable because of the subprotocols.

  // Workspaces that the caller says it is: X-Workspace-ID and X-Source-Workspace-Id. Claims, not
  // proof.
  std::array<std::string_view, 2> names{};
  std::optional<std::string_view> origin;
  std::string_view fetch_site;  // Sec-Fetch-Site.

  bool names_workspace() const { return !names[0].empty() || !names[1].empty(); }
  Presented() = default;
  Presented(const Presented&) = delete;
  Presented& operator=(const Presented&) = delete;
};

// `presented` must be fresh; it lives no longer than the request.
// `session_cookie` is the name of this platform's cookie.
void read_presented(const http::Request& request, std::string_view session_cookie,
                    Presented& presented);

// Case-insensitive comparison of ASCII text.
bool same_text(std::string_view a, std::string_view b);

}  // namespace molecule::auth
