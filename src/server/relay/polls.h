// Relays that are carried by requests of their agents, for agents behind something that takes no
// WebSockets.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "platform/io/guarded.h"
#include "server/relay/polled_socket.h"
#include "server/relay/relay_service.h"

namespace molecule::relay {

using PollId = Id<struct PollTag>;

struct Turn {
  std::optional<std::int64_t> number;  // Of this request among those of its direction, from 1.
};
BOOST_DESCRIBE_STRUCT(Turn, (), (number))

class Polls {
 public:
  // Of one workspace: what its agent left behind goes with its silence.
  static constexpr std::size_t per_workspace_max = 4;

  // All outlive it.
  Polls(Service& relays, const io::Clock& clock, io::Random& random)
      : relays_(relays), clock_(clock), random_(random) {}

  // POST /workspaces/{id}/relay/polls
  io::Task<http::Reply<PollBegun>> begin(auth::Own::Caller caller, WorkspaceId id,
                                         const http::Request& request);
  // POST /workspaces/{id}/relay/polls/{poll_id}/parcels: the agent's.
  io::Task<void> put(auth::Own::Caller caller, WorkspaceId id, PollId poll, http::Query<Turn> turn,
                     const http::Request& request);
  // POST /workspaces/{id}/relay/polls/{poll_id}/next: the platform's.
  io::Task<http::Response> take(auth::Own::Caller caller, WorkspaceId id, PollId poll,
                                http::Query<Turn> turn);

 private:
  struct Poll {
    PollId id;
    const Lane* lane;  // On its loop.
    std::shared_ptr<PolledSocket> socket;
  };
  io::Task<void> carry(WorkspaceId workspace, Poll poll, Origin origin);
  Poll find(WorkspaceId workspace, PollId id) const;

  Service& relays_;
  const io::Clock& clock_;
  io::Random& random_;
  io::Guarded<std::unordered_map<WorkspaceId, std::vector<Poll>>> polls_;
};

extern const std::span<const http::Route> poll_routes;

}  // namespace molecule::relay
