// The connection of one agent that dialled in, over the breaks that it may have. What goes to the
// agent are HTTP requests over its streams; what the agent asks comes the same way and is served
// like any other connection.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "platform/http/client.h"
#include "platform/io/clock.h"
#include "platform/io/scope.h"
#include "platform/metrics/metrics.h"
#include "platform/mux/session.h"
#include "platform/net/dial.h"
#include "platform/net/url.h"
#include "server/messages/mailboxes.h"
#include "server/relay/room.h"

namespace molecule::proxy {
class Sink;
}

namespace molecule::relay {

// What an event loop needs to serve those who dialled in on it.
struct Lane {
  io::Loop* loop = nullptr;
  io::Scope* scope = nullptr;  // Owns what goes on for a relay, and outlives all of them.
  // Serves the requests of an agent that come over one stream.
  std::function<io::Task<void>(std::unique_ptr<net::Stream>)> serve;
  mux::Bounds bounds = {};  // Of every session that lives here.
};

// Where the agent dialled in from.
struct Origin {
  std::string peer;
  bool secure = false;
};

class Relay final : private net::Connector {
 public:
  Relay(const Lane& lane, WorkspaceId workspace, std::string id, messages::Road road,
        std::string begun_from, net::Url url, Origin origin, metrics::Registry& registry);

  // Any thread.
  const WorkspaceId workspace;
  const std::string id;          // Of the session: who knows it goes on with it.
  const messages::Road road;     // What its session carries ends with it, in the order it went.
  const std::string begun_from;  // The session that its agent wanted to go on with; empty: none.
  const net::Url url;            // How the agent is asked.
  const Lane& lane;              // Where it lives.
  // Since when nothing carries it, by the monotonic clock; below zero: something does.
  std::atomic<std::chrono::nanoseconds> away_since{std::chrono::nanoseconds(0)};
  bool is_here() const { return away_since.load(std::memory_order_acquire).count() < 0; }

  // On its loop.
  mux::Session& session() { return session_; }
  http::Client& client() { return client_; }
  Room& room() { return room_; }
  // A message that is under way over it, and who is told how that goes.
  class Aboard {
   public:
    Aboard(Relay& relay, proxy::Sink& sink)
        : relay_(relay), at_(relay.aboard_.insert(relay.aboard_.end(), &sink)) {}
    Aboard(const Aboard&) = delete;
    ~Aboard() { relay_.aboard_.erase(at_); }

   private:
    Relay& relay_;
    const std::list<proxy::Sink*>::iterator at_;
  };
  // Tells those of all messages that are under way that nothing carries them.
  void tell_away() const;

 private:
  io::Task<std::unique_ptr<net::Stream>> dial(const net::Url&) override;

  mux::Session session_;
  http::Client client_;
  Room room_;
  std::list<proxy::Sink*> aboard_;
};

// Ends on its own loop, whoever lets go of it last.
using Shared = std::shared_ptr<Relay>;

}  // namespace molecule::relay
