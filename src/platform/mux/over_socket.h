// A session over one WebSocket: its frames as binary messages.
#pragma once

#include "platform/http/message.h"
#include "platform/io/scope.h"
#include "platform/mux/session.h"

namespace molecule::mux {

// Carries the session, which was attached as `transport`, until the socket or the transport ends;
// then nothing carries it. On the socket's loop; `home` is a scope of the session's. The session
// lives until it returns. Throws what the socket throws when it breaks, and Fault bad_request
// `mux_broken` when the other side breaks the rules.
io::Task<void> carry(Session& session, Session::Transport transport, io::Scope& home,
                     http::WebSocket& socket);

}  // namespace molecule::mux
