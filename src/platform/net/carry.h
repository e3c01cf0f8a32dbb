// Connections that are handed on as they come: who connects here speaks to somebody elsewhere.
#pragma once

#include "platform/net/dial.h"
#include "platform/net/socket.h"

namespace molecule::net {

// Connections of one carry() at a time; more wait in the system's queue.
inline constexpr std::size_t carried_max = 256;

// Takes every connection of the listener to where the connector finds the URL, bytes as they are
// in both directions, until the listener is closed or it is cancelled. One that leads nowhere is
// closed. All of them outlive it.
io::Task<void> carry(Listener& from, Connector& to, const Url& url);

}  // namespace molecule::net
